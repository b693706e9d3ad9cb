# For those who type make: ./run and ./test are the commands.
.PHONY: run test lint
run: ; ./run
test: ; ./test
lint: ; ./test lint
