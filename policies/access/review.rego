package custos.access

# METADATA
# description: Whoever edited the plan of a copy does not also decide that the copy is released.
reasons contains "review.own-edit" if {
	input.action == "disclosure.review"
	input.review
	not _independent
}

# What is withheld stays where it is, whoever says so.
_independent if input.review.outcome == "withhold"

_independent if {
	input.subject
	input.review.outcome == "release"
	is_array(input.review.editors)
	not _editor
}

_editor if input.subject in input.review.editors
