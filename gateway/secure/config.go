package secure

import (
	"errors"
	"fmt"

	"github.com/verigate/verigate/config"
)

// Config names the files of an HTTPS listener.
type Config struct {
	CertFile      string            `yaml:"cert_file" help:"PEM file with the certificate for https, intermediate ones behind it. This and the files below are read again when they change."`
	KeyFile       config.SecretFile `yaml:"key_file" help:"PEM file with the key of cert_file."`
	ClientCAFile  string            `yaml:"client_ca_file" help:"PEM file with the authorities whose client certificates are let in; empty: no mutual TLS."`
	ClientCRLFile string            `yaml:"client_crl_file" help:"File with their revocation lists, PEM or one in DER; empty: nothing is revoked but in the directory."`
	ClientAuth    string            `yaml:"client_auth" default:"optional" oneof:"optional required" help:"Whether every connection must show a client certificate, or only those whose caller's entry demands it."`
	Poll          config.Duration   `yaml:"tls_poll" default:"1s" min:"100ms" max:"1m" help:"How often these files are looked at; a change is in force after two looks."`
}

// Validate holds the settings to what their tags cannot say.
func (c *Config) Validate() error {
	var faults []error
	if (c.CertFile == "") != (c.KeyFile == "") {
		faults = append(faults, errors.New("cert_file and key_file: need each other"))
	}
	if c.ClientCAFile == "" && (c.ClientCRLFile != "" || c.ClientAuth == authRequired) {
		faults = append(faults, fmt.Errorf("client_crl_file %q, client_auth %s: need client_ca_file", c.ClientCRLFile, c.ClientAuth))
	}
	return errors.Join(faults...)
}

// Probe implements config.Prober.
func (c *Config) Probe() error {
	_, err := read(c)
	return err
}

const authRequired = "required"
