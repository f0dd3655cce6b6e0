package adminapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/config"
)

// publicKeys is POST /clients/{id}/public-keys: registers what the caller signs its requests for access tokens with.
func (a *API) publicKeys(r *http.Request) (Answer, error) {
	var ask struct {
		PEM   string          `json:"pem"`
		JWKS  json.RawMessage `json:"jwks"` // a JWK set, or one JWK
		ID    string          `json:"key_id"`
		Valid config.Duration `json:"valid"`
	}
	if err := body(r, &ask); err != nil {
		return Answer{}, err
	}
	if (ask.PEM == "") == (len(ask.JWKS) == 0) {
		return Answer{}, errors.New("want one of pem and jwks")
	}
	keys, err := clients.ReadPublicKeys([]byte(ask.PEM + string(ask.JWKS)))
	if err != nil {
		return Answer{}, err
	}
	if ask.ID != "" && len(keys) > 1 {
		return Answer{}, errors.New("key_id: there are several keys, which name themselves")
	}
	return a.change(r, func(e *clients.Entry) (none clients.Issued, done []string, err error) {
		for _, k := range keys {
			if ask.ID != "" {
				k.ID = ask.ID
			}
			id, err := e.AddPublicKey(a.now(), k, ask.Valid.Std())
			if err != nil {
				return none, nil, err
			}
			done = append(done, id)
		}
		return none, []string{"public_key", strings.Join(done, " ")}, nil
	})
}

// certificates is POST /clients/{id}/certificates: registers a client certificate, or says what the caller's are for.
func (a *API) certificates(r *http.Request) (Answer, error) {
	var ask struct {
		PEM      string `json:"pem"`
		Required *bool  `json:"required"`
		Alone    *bool  `json:"alone"`
	}
	if err := body(r, &ask); err != nil {
		return Answer{}, err
	}
	return a.change(r, func(e *clients.Entry) (none clients.Issued, done []string, err error) {
		if ask.PEM != "" {
			digest, err := e.AddCertificate(a.now(), []byte(ask.PEM))
			if err != nil {
				return none, nil, err
			}
			done = append(done, "certificate", digest)
		}
		for _, p := range []struct {
			name     string
			from, to *bool
		}{{"required", ask.Required, &e.MutualTLS.Required}, {"alone", ask.Alone, &e.MutualTLS.Alone}} {
			if p.from != nil {
				*p.to, done = *p.from, append(done, p.name, strconv.FormatBool(*p.from))
			}
		}
		if len(done) == 0 {
			return none, nil, errors.New("nothing to change: give pem, required or alone")
		}
		return none, done, nil
	})
}
