package custos.access

import data.custos.obligations
import data.custos.requester

# METADATA
# description: An agency sees an exhibit assigned to it, or under a permitted request of its own, and no other.
reasons contains "tenant.mismatch" if {
	input.action in {"exhibit.read", "hold.read"}
	requester.from_agency
	not _visible
}

# METADATA
# description: No retention is laid down for such an incident there, so nobody could say how long to keep the exhibit.
reasons contains "retention.unknown" if {
	input.action in {"exhibit.acquire", "exhibit.dispose"}
	input.exhibit
	not obligations.retention_days
}

_visible if input.exhibit.agencyId == input.organisation

_visible if {
	input.request.agencyId == input.organisation
	input.request.state == "permitted"
}
