package main

// The examples below the flags of `verigate clients …`. They work on the demo's directory as they stand; --config, --file
// or --redis before the verb say another one.

// Help shows examples below the flags.
func (*clientsAddCmd) Help() string {
	return `Adds a caller and prints its API key, and the password of its portal account if it is to have one: once, and nowhere else.

  verigate clients add clinic-01001 --kind clinic --facility 01001 --contact '0000 000 000' --portal 01001_BV
  verigate clients add agency-1 --kind agency --purposes reconciliation,claim --rate 200 --valid 90d
  verigate clients add night-shift --kind operator --format json`
}

// Help shows examples below the flags.
func (*clientsImportCmd) Help() string {
	return `Adds all callers of the file, or none if a row is at fault or the command is broken off; every faulty row is told with its line.

  verigate clients import callers.csv --secrets secrets.csv
  verigate clients --config /etc/verigate/verigate.yaml import callers.csv --secrets secrets.csv`
}

// Help shows examples below the flags.
func (*clientsListCmd) Help() string {
	return `KEYS counts those that can be used.

  verigate clients list --kind clinic --status suspended
  verigate clients list --format json`
}

// Help shows examples below the flags.
func (*clientsShowCmd) Help() string { return "  verigate clients show clinic-01001" }

// Help shows examples below the flags.
func (*clientsRotateCmd) Help() string {
	return `  verigate clients rotate clinic-01001 --overlap 7d
  verigate clients rotate clinic-01001 --portal 01001_BV`
}

// Help shows examples below the flags.
func (*clientsRevokeCmd) Help() string {
	return `Without --key-id and --portal it is the caller altogether, for good: suspend can be taken back, this cannot.

  verigate clients revoke clinic-01001 --key-id k3yid0ab
  verigate clients revoke clinic-01001 --portal 01001_BV
  verigate clients revoke clinic-01001`
}

// Help shows examples below the flags.
func (*clientsSuspendCmd) Help() string {
	return "  verigate clients suspend clinic-01001 --contact '0000 000 000'"
}

// Help shows examples below the flags.
func (*clientsResumeCmd) Help() string { return "  verigate clients resume clinic-01001" }

// Help shows examples below the flags.
func (*clientsLimitsCmd) Help() string {
	return `What is not given stays; 0 is the default of the kind.

  verigate clients limits clinic-01001 --rate 50 --burst 200
  verigate clients limits clinic-01001 --unproven 500`
}

// Help shows examples below the flags.
func (*clientsStaffAddCmd) Help() string {
	return "  verigate clients staff add clinic-01001 --number 001180000001 --name 'Nguyễn Thị Tiếp Đón'"
}

// Help shows examples below the flags.
func (*clientsStaffRemoveCmd) Help() string {
	return "  verigate clients staff remove clinic-01001 --number 001180000001"
}

// Help shows examples below the flags.
func (*clientsPublicKeyAddCmd) Help() string {
	return `  verigate clients public-key add agency-1 --pem agency.pub --key-id agency-2026
  verigate clients public-key add agency-1 --jwks agency.json --valid 365d`
}

// Help shows examples below the flags.
func (*clientsPublicKeyRevokeCmd) Help() string {
	return "  verigate clients public-key revoke agency-1 agency-2026"
}

// Help shows examples below the flags.
func (*clientsCertificateAddCmd) Help() string {
	return `  verigate clients certificate add clinic-01001 --pem clinic.pem --required
  verigate clients certificate add agency-1 --pem agency.pem --alone`
}

// Help shows examples below the flags.
func (*clientsCertificateRemoveCmd) Help() string {
	return `The certificate is named by the beginning of its sha256, as show prints it.

  verigate clients certificate remove clinic-01001 77fa2c79`
}

// Help shows examples below the flags.
func (*clientsCertificateRulesCmd) Help() string {
	return `  verigate clients certificate rules clinic-01001 --required
  verigate clients certificate rules agency-1 --no-alone`
}

// Help shows examples below the flags.
func (*clientsPushCmd) Help() string {
	return `  verigate clients --config /etc/verigate/verigate.yaml push /var/lib/verigate/clients.ndjson
  verigate clients --config /etc/verigate/verigate.yaml push --replace backup.ndjson`
}

// Help shows examples below the flags.
func (*clientsPullCmd) Help() string {
	return `Only its owner can read the file; it holds hashes and sealed values, no key and no password.

  verigate clients --config /etc/verigate/verigate.yaml pull backup.ndjson`
}
