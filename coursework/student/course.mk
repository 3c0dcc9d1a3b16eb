# The targets of the course. The Makefile of the project includes this file.
.PHONY: course check hint
course: install ## Show which exercises are solved, and what is next (ARGS=--check: check all)
	@$(BIN)/python -m course $(ARGS)

check: install ## Check an exercise (EX=05)
	@$(BIN)/python -m course check "$(EX)"

hint: install ## Show one more hint for an exercise (EX=05)
	@$(BIN)/python -m course hint "$(EX)"
