package custos.requester

# METADATA
# description: The exhibit was disposed of; its record is kept, and nothing can open it any more.
reasons contains "exhibit.disposed" if {
	"kept" in action.exhibit
	input.exhibit
	not _kept
}

# METADATA
# description: The evidence would leave its region without a legal basis for that.
reasons contains "region.crossing-without-basis" if {
	"region" in action.exhibit
	input.exhibit
	input.agency
	not _region_covered
}

_kept if input.exhibit.state == "kept"

_region_covered if input.exhibit.region == input.agency.region

_region_covered if input.authority.type in data.regions.crossings[input.exhibit.region][input.agency.region]
