// Evaluates a Pulumi ESC environment from standard input as `pulumi env` has it checked by Pulumi Cloud, without
// opening anything: what logs in to a cloud is known by its name alone.
//
// Prints the names of the variables and files that the environment gives to commands; fails with the diagnostics.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/pulumi/esc"
	"github.com/pulumi/esc/eval"
	"github.com/pulumi/esc/schema"
)

type login struct{}

// What a login takes and returns is known to Pulumi Cloud alone.
func (login) Schema() (inputs, outputs *schema.Schema) {
	return schema.Always(), schema.Always()
}

func (login) Open(context.Context, map[string]esc.Value, esc.EnvExecContext) (esc.Value, error) {
	return esc.Value{}, errors.New("nothing is opened here")
}

type loader struct{}

func (loader) LoadProvider(_ context.Context, name string) (esc.Provider, error) {
	if name == "aws-login" {
		return login{}, nil
	}
	return nil, fmt.Errorf("no provider %q is known here", name)
}

func (loader) LoadRotator(_ context.Context, name string) (esc.Rotator, error) {
	return nil, fmt.Errorf("no rotator %q is known here", name)
}

func (loader) LoadEnvironment(_ context.Context, name string) ([]byte, eval.Decrypter, error) {
	return nil, nil, fmt.Errorf("no environment %q is known here", name)
}

func main() {
	if err := check(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check() error {
	declaration, diagnostics, err := eval.LoadYAML("environment", os.Stdin)
	if err != nil {
		return err
	}
	if diagnostics.HasErrors() {
		return diagnostics
	}
	execution, err := esc.NewExecContext(map[string]esc.Value{})
	if err != nil {
		return err
	}
	environment, diagnostics := eval.CheckEnvironment(
		context.Background(), "environment", declaration, nil, loader{}, loader{}, execution, false)
	if diagnostics.HasErrors() {
		return diagnostics
	}
	return json.NewEncoder(os.Stdout).Encode(map[string][]string{
		"variables": keys(environment.GetEnvironmentVariables()),
		"files":     keys(environment.GetTemporaryFiles()),
	})
}

func keys(values map[string]esc.Value) []string {
	names := []string{}
	for name := range values {
		names = append(names, name)
	}
	return names
}
