package admin

import (
	"embed"
	"net/http"
)

//go:embed console
var consoleFiles embed.FS

// consoleRoutes serves the operator's page. It is static, loads nothing from elsewhere, and shows /status as text.
func consoleRoutes(mux *http.ServeMux) {
	for path, file := range map[string]string{
		"GET /console":     "console/console.html",
		"GET /console.js":  "console/console.js",
		"GET /console.css": "console/console.css",
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'")
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Cache-Control", "no-store")
			http.ServeFileFS(w, r, consoleFiles, file)
		})
	}
	mux.Handle("GET /{$}", http.RedirectHandler("/console", http.StatusFound))
}
