"""Tasks: providers of simulated and real data, and the files behind them."""
