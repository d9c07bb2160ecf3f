// Command stolen-agent plays an attacker who took a node: with the token of that node's SPIRE agent it attests as the
// agent, and reports which identities it can get. Used by the end-to-end tests.
//
//	stolen-agent SERVER TRUST_DOMAIN CLUSTER [ENTRY_ID ...] < token
//
// It prints one JSON object: the agent's SPIFFE ID, the entries that the server lets it see, and for each ENTRY_ID the
// gRPC status code of the attempt to have an SVID signed (0: it got one).
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	agentv1 "github.com/spiffe/spire-api-sdk/proto/spire/api/server/agent/v1"
	entryv1 "github.com/spiffe/spire-api-sdk/proto/spire/api/server/entry/v1"
	svidv1 "github.com/spiffe/spire-api-sdk/proto/spire/api/server/svid/v1"
	"github.com/spiffe/spire-api-sdk/proto/spire/api/types"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

type entry struct {
	ID       string `json:"id"`
	SpiffeID string `json:"spiffeId"`
	Admin    bool   `json:"admin"`
}

type report struct {
	Agent   string           `json:"agent"`
	Entries []entry          `json:"entries"`
	Signed  map[string]int32 `json:"signed"`
}

func main() {
	if len(os.Args) < 4 {
		fail(fmt.Errorf("usage: stolen-agent SERVER TRUST_DOMAIN CLUSTER [ENTRY_ID ...] < token"))
	}
	token, err := io.ReadAll(os.Stdin)
	fail(err)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	result, err := attack(ctx, os.Args[1], os.Args[2], os.Args[3], strings.TrimSpace(string(token)), os.Args[4:])
	fail(err)
	fail(json.NewEncoder(os.Stdout).Encode(result))
}

func attack(ctx context.Context, server, trustDomain, cluster, token string, entryIDs []string) (*report, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	svid, err := attest(ctx, server, cluster, token, key)
	if err != nil {
		return nil, fmt.Errorf("attest: %w", err)
	}
	conn, err := dial(server, tls.Certificate{Certificate: svid.CertChain, PrivateKey: key})
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	result := &report{Agent: idString(svid.Id), Signed: map[string]int32{}}
	seen, err := entryv1.NewEntryClient(conn).GetAuthorizedEntries(ctx, &entryv1.GetAuthorizedEntriesRequest{})
	if err != nil {
		return nil, fmt.Errorf("list entries: %w", err)
	}
	for _, e := range seen.Entries {
		result.Entries = append(result.Entries, entry{ID: e.Id, SpiffeID: idString(e.SpiffeId), Admin: e.Admin})
	}
	for _, id := range entryIDs {
		csr, err := request(key, "spiffe://"+trustDomain)
		if err != nil {
			return nil, err
		}
		answer, err := svidv1.NewSVIDClient(conn).BatchNewX509SVID(ctx, &svidv1.BatchNewX509SVIDRequest{
			Params: []*svidv1.NewX509SVIDParams{{EntryId: id, Csr: csr}},
		})
		if err != nil {
			return nil, fmt.Errorf("sign %s: %w", id, err)
		}
		result.Signed[id] = answer.Results[0].Status.Code
	}
	return result, nil
}

func attest(ctx context.Context, server, cluster, token string, key *ecdsa.PrivateKey) (*types.X509SVID, error) {
	conn, err := dial(server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	payload, err := json.Marshal(map[string]string{"cluster": cluster, "token": token})
	if err != nil {
		return nil, err
	}
	csr, err := request(key, "")
	if err != nil {
		return nil, err
	}
	stream, err := agentv1.NewAgentClient(conn).AttestAgent(ctx)
	if err != nil {
		return nil, err
	}
	err = stream.Send(&agentv1.AttestAgentRequest{Step: &agentv1.AttestAgentRequest_Params_{
		Params: &agentv1.AttestAgentRequest_Params{
			Data:   &types.AttestationData{Type: "k8s_psat", Payload: payload},
			Params: &agentv1.AgentX509SVIDParams{Csr: csr},
		},
	}})
	if err != nil {
		return nil, err
	}
	answer, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	return answer.GetResult().Svid, nil
}

// An attacker has no reason to verify the server.
func dial(server string, certificates ...tls.Certificate) (*grpc.ClientConn, error) {
	config := &tls.Config{InsecureSkipVerify: true, Certificates: certificates, NextProtos: []string{"h2"}}
	return grpc.NewClient(server, grpc.WithTransportCredentials(credentials.NewTLS(config)))
}

func request(key *ecdsa.PrivateKey, id string) ([]byte, error) {
	template := &x509.CertificateRequest{}
	if id != "" {
		uri, err := url.Parse(id)
		if err != nil {
			return nil, err
		}
		template.URIs = []*url.URL{uri}
	}
	return x509.CreateCertificateRequest(rand.Reader, template, key)
}

func idString(id *types.SPIFFEID) string {
	return "spiffe://" + id.TrustDomain + id.Path
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
