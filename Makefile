# Thin on purpose: every goal is a verb of ./dev, which has more of them (./dev help).
.PHONY: help setup demo test bench fuzz lint format docs

help:
	@./dev help

setup demo test bench fuzz lint format docs:
	@./dev $@
