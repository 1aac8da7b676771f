"""Commands on files, on this machine alone: analysis, backtests, simulation, benchmarks."""
