"""Suite files: what is run, one question each; and the recipes that they name."""

from importlib.resources import files

RECIPES = "recipes"


def names() -> list[str]:
    """Names of the bundled suites, sorted."""
    found = (path.name.removesuffix(".toml") for path in files(__name__).iterdir() if path.name.endswith(".toml"))
    return sorted(name for name in found if name != RECIPES)


def read(name: str) -> bytes:
    """TOML bytes of a bundled suite, or of the recipes; `FileNotFoundError` if there is none of that name."""
    return files(__name__).joinpath(f"{name}.toml").read_bytes()
