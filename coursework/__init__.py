"""Exercises cut out of the rendered project, their grader, and the proof of the grader.

catalogue   reads course.toml and an exercise's folder
cutting     puts a stub, or a wrong solution, in the place of the real code
starter     what a class begins with: the project with stubs, and the student's side
proof       stubs fail, the real code passes, each wrong solution fails for its reason
classroom   collects a class's repositories, grades them, makes the table
student/    the student's side; it becomes `course/` in a starter
exercises/  per exercise: the task and hints, the check, its sentences, wrong solutions
"""
