package custos.obligations_test

import data.custos.obligations

_days(type, severity, jurisdiction) := days if {
	exhibit := {"incidentType": type, "severity": severity, "jurisdiction": jurisdiction, "acquiredAt": 0}
	days := obligations.retention_days with input as {"exhibit": exhibit}
}

test_retention_goes_by_type_severity_and_jurisdiction if {
	_days("theft", "medium", "default") == 365
	_days("theft", "low", "default") == 90
	_days("theft", "low", "de") == 30
	_days("theft", "high", "fr") == 2192
}

test_a_jurisdiction_without_a_row_of_its_own_has_that_of_everywhere if {
	_days("burglary", "medium", "de") == _days("burglary", "medium", "default")
	_days("threat", "low", "us-ca") == data.retention.schedule.threat.low
}

test_whatever_is_unknown_leaves_no_retention if {
	not _days("unheard-of", "medium", "default")
	not _days("theft", "unheard-of", "default")
	not _days("theft", "medium", "unheard-of")
	not obligations.retention_days with input as {"exhibit": {"incidentType": "theft", "severity": "low"}}
	not obligations.keeping with input as {"exhibit": {"incidentType": "theft", "severity": "low"}}
}

test_a_schedule_ends_days_of_86400_seconds_after_the_acquisition if {
	exhibit := {"incidentType": "other", "severity": "low", "jurisdiction": "default", "acquiredAt": 1000}
	obligations.retained_until == 1000 + (30 * 86400) with input as {"exhibit": exhibit}
}

test_an_acquisition_is_told_both_terms if {
	exhibit := {"incidentType": "other", "severity": "low", "jurisdiction": "default"}
	obligations.keeping == {"lockDays": 14, "retentionDays": 30} with input as {"exhibit": exhibit}
}
