"""The public face: static pages of one or several tables, without anything from elsewhere (`build.build`)."""
