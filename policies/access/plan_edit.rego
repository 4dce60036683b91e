package custos.access

import data.custos.text

# METADATA
# description: Nobody wrote down why the plan is edited.
reasons contains "edit.reason-missing" if {
	input.action == "plan.edit"
	not _edit_reasoned
}

# METADATA
# description: Something is covered anew, or shown, and no ground was stated for it.
reasons contains "edit.ground-missing" if {
	input.action == "plan.edit"
	input.edit
	not _ground_stated
}

# METADATA
# description: The ground is not in data/grounds.json.
reasons contains "edit.ground-unknown" if {
	input.action == "plan.edit"
	text.given(input.edit.ground)
	not _ground_known
}

# METADATA
# description: The ground does not carry this edit, or not of a track of this origin; what covers never shows.
reasons contains "edit.ground-not-for-edit" if {
	input.action == "plan.edit"
	_ground_known
	not _ground_fits
}

# METADATA
# description: For the purpose of the request nothing is shown on this ground.
reasons contains "edit.ground-not-for-purpose" if {
	input.action == "plan.edit"
	_showing
	data.grounds.uncover[input.edit.ground]
	not _ground_serves
}

_edit_reasoned if text.given(input.justification)

_ground_stated if text.given(input.edit.ground)

# The track keeps the ground that it has.
_ground_stated if input.edit.operation in {"extend", "set"}

_ground_known if data.grounds.cover[input.edit.ground]

_ground_known if data.grounds.uncover[input.edit.ground]

_ground_fits if {
	input.edit.operation in {"add", "blank", "cover", "extend", "set"}
	data.grounds.cover[input.edit.ground]
}

_ground_fits if {
	_showing
	input.edit.operation in data.grounds.uncover[input.edit.ground].operations
	input.edit.origin in data.grounds.uncover[input.edit.ground].origins
}

_ground_serves if input.purpose in data.grounds.uncover[input.edit.ground].purposes

_showing if input.edit.operation in {"delete", "visible"}
