package custos.access

import data.custos.obligations

# METADATA
# description: A hold is in force, and a hold stands above every schedule.
reasons contains "exhibit.held" if {
	input.action == "exhibit.dispose"
	not _unheld
}

# METADATA
# description: The schedule has not ended, be it that of the acquisition or that of today where it is longer.
reasons contains "retention.running" if {
	input.action == "exhibit.dispose"
	not _over
}

_unheld if input.exhibit.hold == false

_over if {
	input.time >= input.exhibit.retainUntil
	input.time >= obligations.retained_until
}
