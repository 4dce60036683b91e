package custos.access

import data.custos.obligations
import data.custos.requester

# METADATA
# description: The request behind this act was not permitted.
reasons contains "request.not-permitted" if {
	"permitted" in _asked
	not _permitted
}

# METADATA
# description: The time in which the request allowed this is over.
reasons contains "request.expired" if {
	"unexpired" in _asked
	not _unexpired
}

# METADATA
# description: Fewer persons approved the request than its obligations ask.
reasons contains "request.approvals-missing" if {
	"approved" in _asked
	not _approved
}

# METADATA
# description: The package was downloaded as often as its obligations allow.
reasons contains "request.downloads-spent" if {
	"unspent" in _asked
	not _unspent
}

# METADATA
# description: The matrix has no cell for the request's purpose and authority, so its obligations are unknown.
reasons contains "obligations.unknown" if {
	"approved" in _asked
	not obligations.demanded
}

_permitted if input.request.state == "permitted"

_unexpired if input.time < input.request.expiresAt

_approved if input.request.approvals >= obligations.demanded.approvals

_unspent if input.request.downloads < obligations.demanded.maxDownloads

# A request that is missing altogether has a reason of its own.
_asked contains condition if {
	input.request
	some condition in requester.action.request
}
