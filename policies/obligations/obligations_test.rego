package custos.obligations_test

import data.custos.obligations

_facts(purpose, type, sensitivity) := {
	"purpose": purpose,
	"authority": {"type": type},
	"exhibit": {
		"sensitivity": sensitivity,
		"region": "eu",
		"incidentType": "theft",
		"severity": "medium",
		"jurisdiction": "default",
	},
}

test_obligations_come_from_the_cell_of_purpose_and_authority if {
	_demanded("criminal-investigation", "warrant", "ordinary") == {
		"approvals": 0,
		"audio": "drop",
		"couldNotTell": "blank",
		"expiresAfterDays": 30,
		"fill": "constant",
		"leakLimit": {"boundPerMillion": 1000000, "couldNotTellFrames": 0, "residualTracks": 0},
		"leastWidthPx": {"face": 6, "plate": 18},
		"maxDownloads": 5,
		"redact": ["face", "plate"],
		"region": "eu",
		"retentionDays": 365,
	}
}

test_sensitivity_adds_approvals if {
	_demanded("civil-litigation", "subpoena", "ordinary").approvals == 1
	_demanded("civil-litigation", "subpoena", "sensitive").approvals == 2
	_demanded("civil-litigation", "subpoena", "restricted").approvals == 3
}

test_audio_is_kept_only_where_cell_and_sensitivity_allow_it if {
	_demanded("prosecution", "court-order", "ordinary").audio == "keep"
	_demanded("prosecution", "court-order", "restricted").audio == "drop"
	_demanded("prosecution", "warrant", "ordinary").audio == "drop"
}

test_no_cell_no_obligations if {
	not _demanded("criminal-investigation", "subpoena", "ordinary")
	not _demanded("curiosity", "warrant", "ordinary")
	not _demanded("criminal-investigation", "warrant", "unheard-of")
}

_demanded(purpose, type, sensitivity) := demanded if {
	demanded := obligations.demanded with input as _facts(purpose, type, sensitivity)
}
