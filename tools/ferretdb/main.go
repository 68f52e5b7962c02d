// Ferretdb speaks MongoDB's wire protocol and keeps its data in Postgres: the MongoDB of tests, since MongoDB itself
// is no Go module. FerretDB's own command looks for files of its release build and reports to its makers; this one
// has users with passwords, as MongoDB has, and nothing that a test does not need.
package main

import (
	"context"
	"flag"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/FerretDB/FerretDB/internal/clientconn"
	"github.com/FerretDB/FerretDB/internal/clientconn/connmetrics"
	"github.com/FerretDB/FerretDB/internal/handler/registry"
	"github.com/FerretDB/FerretDB/internal/util/password"
	"github.com/FerretDB/FerretDB/internal/util/state"
	"github.com/FerretDB/wire"
	"github.com/FerretDB/wire/wirebson"
)

type command = func(context.Context, *wire.OpMsg) (*wire.OpMsg, error)

func main() {
	listen := flag.String("listen", "", "address without TLS, such as 127.0.0.1:27017")
	listenTLS := flag.String("listen-tls", "", "address with TLS")
	certificate := flag.String("tls-cert", "", "file of the server's certificate")
	key := flag.String("tls-key", "", "file of its key")
	postgres := flag.String("postgres", "", "URL of the Postgres database that holds the data")
	user := flag.String("user", "", "first user; its password is the environment variable FERRETDB_PASSWORD")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))

	provider, err := state.NewProvider("")
	if err != nil {
		log.Fatal(err)
	}
	metrics := connmetrics.NewListenerMetrics()
	handler, closeBackend, err := registry.NewHandler("postgresql", &registry.NewHandlerOpts{
		Logger:        logger,
		ConnMetrics:   metrics.ConnMetrics,
		StateProvider: provider,
		TCPHost:       *listen,
		PostgreSQLURL: *postgres,
		SetupDatabase: "admin",
		SetupUsername: *user,
		SetupPassword: password.WrapPassword(os.Getenv("FERRETDB_PASSWORD")),
		SetupTimeout:  30 * time.Second,
		TestOpts: registry.TestOpts{
			EnableNewAuth:           true, // SCRAM-SHA-256 and createUser
			CappedCleanupPercentage: 10,
			BatchSize:               100,
			MaxBsonObjectSizeBytes:  16 << 20,
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer closeBackend()
	for _, name := range []string{"createUser", "updateUser"} {
		command := handler.Commands()[name]
		command.Handler = withoutRoles(command.Handler)
	}

	listener, err := clientconn.Listen(&clientconn.NewListenerOpts{
		TCP:         *listen,
		TLS:         *listenTLS,
		TLSCertFile: *certificate,
		TLSKeyFile:  *key,
		Mode:        clientconn.NormalMode,
		Metrics:     metrics,
		Handler:     handler,
		Logger:      logger,
	})
	if err != nil {
		log.Fatal(err)
	}
	listener.Run(ctx)
}

// withoutRoles drops the roles that a command grants: FerretDB refuses those commands, since its users may do everything.
func withoutRoles(run command) command {
	return func(ctx context.Context, message *wire.OpMsg) (*wire.OpMsg, error) {
		document, err := message.RawSection0().Decode()
		if err != nil {
			return nil, err
		}
		if document.Get("roles") != nil {
			if err = document.Replace("roles", wirebson.MustArray()); err != nil {
				return nil, err
			}
		}
		if message, err = wire.NewOpMsg(document); err != nil {
			return nil, err
		}
		return run(ctx, message)
	}
}
