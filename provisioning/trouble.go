package provisioning

import (
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"
)

// explain puts into words why the enrolment server gave no certificate.
func explain(err error, now time.Time) *Failure {
	var f *Failure
	var r *refusal
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &r):
		return explainStatus(err, r)
	case errors.As(err, &unknown), errors.As(err, &host):
		return errPin(err)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		if now.Before(invalid.Cert.NotBefore) {
			return errBehind(err, day(now), day(invalid.Cert.NotBefore))
		}
		return errAhead(err, day(now), day(invalid.Cert.NotAfter))
	case errors.As(err, &invalid):
		return errPin(err)
	}
	if f := explainNetwork(err); f != nil {
		return f
	}
	return errAnswer(err, err.Error())
}

func explainStatus(err error, r *refusal) *Failure {
	switch r.status {
	case http.StatusUnauthorized, http.StatusGone:
		return errUnknownClaim(err)
	case http.StatusForbidden, http.StatusConflict:
		return errUsedClaim(err, deviceInText(r.text))
	}
	return errAnswer(err, "HTTP "+strconv.Itoa(r.status))
}

// explainNetwork tells a network that is not there from a server that does not answer; nil: it is
// not the network.
func explainNetwork(err error) *Failure {
	var dns *net.DNSError
	var op net.Error
	switch {
	case errors.As(err, new(*net.OpError)) || errors.As(err, &dns):
	case errors.As(err, &op) && op.Timeout():
	default:
		return nil
	}
	if isOffline() {
		return errNetwork(err, "this box has no address; check the cable, or the Wi-Fi's password",
			"本机没有地址，请检查网线或 Wi-Fi 密码")
	}
	if dns != nil {
		return errNetwork(err, "the name "+dns.Name+" is not found", "找不到域名 "+dns.Name)
	}
	return errNetwork(err, "the server does not answer", "服务器无应答")
}

// isOffline tells that no port of the box but loopback has an address.
func isOffline() bool {
	ports, err := net.Interfaces()
	if err != nil {
		return false
	}
	for _, p := range ports {
		if p.Flags&net.FlagLoopback != 0 || p.Flags&net.FlagUp == 0 {
			continue
		}
		addresses, err := p.Addrs()
		if err != nil {
			return false
		}
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
				return false
			}
		}
	}
	return true
}
