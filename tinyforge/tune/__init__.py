"""Search for the smallest form of a model that meets a budget, every candidate of it proved.

candidate says what is tried, limits what is wanted, trial does one candidate from settings to
numbers, study keeps them all in Optuna's storage, executors say where trials run, search lets them
run, found is what comes of it.
"""
