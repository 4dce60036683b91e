package custos.disclosure

import data.custos.text

# METADATA
# description: No purpose was named.
reasons contains "purpose.missing" if not _purpose_named

# METADATA
# description: The purpose is not in the closed list of data/purposes.json.
reasons contains "purpose.unknown" if {
	_purpose_named
	not _purpose
}

# METADATA
# description: None of the roles may pursue this purpose.
reasons contains "purpose.role-not-allowed" if {
	_purpose
	not _purpose_open_to_role
}

_purpose := data.purposes[input.purpose]

_purpose_named if text.given(input.purpose)

_purpose_open_to_role if {
	some role in input.roles
	role in _purpose.roles
}
