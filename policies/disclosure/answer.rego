# METADATA
# description: Whether evidence may be disclosed to the one who requests it, and under which obligations.
package custos.disclosure

import data.custos.obligations
import data.custos.requester

# What stands when no other rule does: a permit needs the absence of every reason and obligations that are defined.
default answer := {"outcome": "refuse", "reasons": ["policy.undecided"]}

# METADATA
# description: The decision on a request for evidence.
# entrypoint: true
answer := {"outcome": "permit", "reasons": [], "obligations": obligations.demanded} if count(_why) == 0

answer := {"outcome": "refuse", "reasons": sort(_why)} if count(_why) > 0

_why := requester.reasons | reasons

# METADATA
# description: This rule judges the filing of a request and nothing else.
reasons contains "action.not-a-request" if not _filing

_filing if input.action == "request.file"
