"""The program that people run: the command line, replay, audit, simulation and the checks."""
