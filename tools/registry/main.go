// Registry is the OCI registry of tests: go-containerregistry's, in memory, with what ECR adds to it. One user signs in
// by Basic authentication, repositories are made beforehand, and a tag never moves.
package main

import (
	"crypto/subtle"
	"flag"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	listen := flag.String("listen", "", "address, such as 127.0.0.1:5000")
	repositories := flag.String("repositories", "", "names of the repositories, with commas between them")
	flag.Parse()
	handler := &ecr{
		inner:        registry.New(registry.Logger(log.New(io.Discard, "", 0))),
		password:     os.Getenv("REGISTRY_PASSWORD"),
		repositories: strings.Split(*repositories, ","),
	}
	server := &http.Server{Addr: *listen, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}

type ecr struct {
	inner        http.Handler
	password     string
	repositories []string
}

func (e *ecr) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	user, password, _ := request.BasicAuth()
	if user != "AWS" || subtle.ConstantTimeCompare([]byte(password), []byte(e.password)) != 1 {
		answer.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
		refuse(answer, http.StatusUnauthorized, "UNAUTHORIZED", "sign in")
		return
	}
	name, reference, isManifest := strings.Cut(strings.TrimPrefix(request.URL.Path, "/v2/"), "/manifests/")
	name, _, _ = strings.Cut(name, "/blobs/")
	if name != "" && !slices.Contains(e.repositories, name) {
		refuse(answer, http.StatusNotFound, "NAME_UNKNOWN", "The repository with name '"+name+"' does not exist")
		return
	}
	if isManifest && request.Method == http.MethodPut && !strings.Contains(reference, ":") && e.exists(request) {
		refuse(answer, http.StatusBadRequest, "TAG_INVALID",
			"The image tag '"+reference+"' already exists and cannot be overwritten because the repository is immutable.")
		return
	}
	e.inner.ServeHTTP(answer, request)
}

func (e *ecr) exists(request *http.Request) bool {
	known := httptest.NewRecorder()
	e.inner.ServeHTTP(known, httptest.NewRequest(http.MethodHead, request.URL.Path, nil))
	return known.Code == http.StatusOK
}

func refuse(answer http.ResponseWriter, status int, code, message string) {
	answer.Header().Set("Content-Type", "application/json")
	answer.WriteHeader(status)
	io.WriteString(answer, `{"errors":[{"code":"`+code+`","message":"`+message+`"}]}`)
}
