"""The exercises of this course: `make course`, `make check EX=05`, `make hint EX=05`.

__main__    the three commands
grader      runs an exercise's check in a process of its own, on each database
trial       that process: an empty database, one check, its finding
blocks      reads Terraform's files
plans       has Terraform work them out, without AWS
marks       what checks are written with
variants    which question is a student's own
exercises/  per exercise: the task, the hints, the check and what it may say
"""
