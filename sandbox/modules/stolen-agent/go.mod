module cilium-spire.sandbox/stolen-agent

go 1.26

require (
	github.com/spiffe/spire-api-sdk v1.12.4
	google.golang.org/grpc v1.76.0
)

require (
	github.com/golang/protobuf v1.5.4 // indirect
	golang.org/x/net v0.42.0 // indirect
	golang.org/x/sys v0.34.0 // indirect
	golang.org/x/text v0.27.0 // indirect
	google.golang.org/genproto v0.0.0-20200526211855-cb27e3aa2013 // indirect
	google.golang.org/protobuf v1.36.6 // indirect
)
