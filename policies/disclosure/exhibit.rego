package custos.disclosure

import data.custos.obligations

# METADATA
# description: Nothing here can redact an exhibit of this class.
reasons contains "exhibit.class-not-releasable" if {
	input.exhibit
	not _releasable
}

# METADATA
# description: The exhibit is too sensitive for an authority of this type.
reasons contains "sensitivity.authority-too-weak" if {
	input.exhibit
	input.authority.type
	not _strong_enough
}

# METADATA
# description: No retention is laid down for such an incident there, so the copy would have none either.
reasons contains "retention.unknown" if {
	input.exhibit
	not obligations.retention_days
}

_releasable if input.exhibit.class in data.release.classes

_strong_enough if input.authority.type in data.sensitivities[input.exhibit.sensitivity].authorities
