package custos.disclosure

import data.custos.text

# METADATA
# description: Nothing was written to justify the request.
reasons contains "justification.missing" if not _justified

# METADATA
# description: The justification has fewer characters, blanks not counted, than data/release.json asks.
reasons contains "justification.too-short" if {
	_justified
	not _justified_at_length
}

_justified if text.given(input.justification)

_justified_at_length if count(text.solid(input.justification)) >= data.release.justificationCharacters
