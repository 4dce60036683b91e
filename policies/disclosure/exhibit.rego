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
# description: No retention is laid down for this type of incident, so the copy would have none either.
reasons contains "retention.unknown" if {
	input.exhibit
	not obligations.retention_days
}

# METADATA
# description: The evidence would leave its region without a legal basis for that.
reasons contains "region.crossing-without-basis" if {
	input.exhibit
	input.agency
	not _region_covered
}

_releasable if input.exhibit.class in data.release.classes

_strong_enough if input.authority.type in data.sensitivities[input.exhibit.sensitivity].authorities

_region_covered if input.exhibit.region == input.agency.region

_region_covered if input.authority.type in data.regions.crossings[input.exhibit.region][input.agency.region]
