package v1

import _ "embed"

// OpenAPI is the description of the native API, OpenAPI 3.1 in YAML. It must not be changed.
//
//go:embed openapi.yaml
var OpenAPI []byte
