"""Work on files and on this machine alone: analysis, backtests, simulation, benchmarks."""
