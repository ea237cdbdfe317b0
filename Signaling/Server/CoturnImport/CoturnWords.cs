namespace MediaRelay.Server.CoturnImport;

/// <summary>What becomes of coturn's options that have no key of ours.</summary>
internal static class CoturnWords
{
    /// <summary>Options that are always in force here, or say what coturn does by default; nothing is lost.</summary>
    public static readonly IReadOnlyList<string> AlwaysSo =
    [
        "lt-cred-mech", "fingerprint", "no-multicast-peers", "no-tlsv1", "no-tlsv1_1", "no-software-attribute", "prod", "no-cli", "simple-log",
        "new-log-timestamp", "no-stdout-log", "log-binding", "no-loopback-peers", "no-rfc5780", "no-stun-backward-compatibility",
        "response-origin-only-with-rfc5780", "no-auth-pings", "no-dynamic-ip-list", "no-dynamic-realms", "no-sslv2", "no-sslv3",
    ];

    public static readonly IReadOnlyDictionary<string, string> WhyNot = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["listening-device"] = "listen on addresses (Listen), not on devices.",
        ["relay-device"] = "relay on addresses (RelayAddresses), not on devices.",
        ["alt-listening-port"] = "NAT discovery has its own listeners: set Rfc5780Addresses.",
        ["alt-tls-listening-port"] = "NAT discovery has its own listeners: set Rfc5780Addresses.",
        ["aux-server"] = "add its address to Listen.",
        ["tcp-proxy-port"] = "set ProxyProtocolFrom to the balancer's network; the PROXY header is then expected on the ordinary ports.",
        ["udp-self-balance"] = "the kernel spreads clients over the workers by itself.",
        ["bps-capacity"] = "there is no limit of the whole node; size MaxBitRate and TotalQuota instead.",
        ["no-udp-relay"] = "UDP is always relayed.",
        ["secure-stun"] = "Binding is answered without authentication.",
        ["stun-only"] = "a node without relay is not offered.",
        ["no-stun"] = "Binding is always answered.",
        ["server-name"] = "it is only used with access tokens: set ServerName together with TokenKeysFile.",
        ["oauth"] = "third-party tokens (RFC 7635) need their keys, which coturn keeps in its database: put them into TokenKeysFile and set ServerName.",
        ["pkey-pwd"] = "the key file must not be encrypted; protect it with file permissions.",
        ["cipher-list"] = "only suites with forward secrecy and AEAD are offered.",
        ["no-tlsv1_2"] = "TLS 1.2 and 1.3 are both offered.",
        ["dh566"] = "finite-field groups are not used.",
        ["dh1066"] = "finite-field groups are not used.",
        ["dh-file"] = "finite-field groups are not used.",
        ["ec-curve-name"] = "the system chooses the curve.",
        ["CA-file"] = "client certificates are not asked for.",
        ["userdb"] = "there is no user database; use UsersFile or timed credentials.",
        ["psql-userdb"] = "there is no user database; use UsersFile or timed credentials.",
        ["mysql-userdb"] = "there is no user database; use UsersFile or timed credentials.",
        ["mongo-userdb"] = "there is no user database; use UsersFile or timed credentials.",
        ["redis-userdb"] = "there is no user database; use UsersFile or timed credentials.",
        ["redis-statsdb"] = "counters are in /metrics.",
        ["secret-key-file"] = "there is no user database.",
        ["prometheus"] = "metrics are always on; their address is Node:MetricsListen.",
        ["prometheus-port"] = "set Node:MetricsListen.",
        ["prometheus-username-labels"] = "per-user counters are always there.",
        ["log-file"] = "logs go to standard output; let the service manager keep them.",
        ["syslog"] = "logs go to standard output; let the service manager keep them.",
        ["syslog-facility"] = "logs go to standard output; let the service manager keep them.",
        ["new-log-timestamp-format"] = "time stamps are ISO 8601.",
        ["verbose"] = "set Node:LogLevel to Debug.",
        ["Verbose"] = "set Node:LogLevel to Trace.",
        ["pidfile"] = "the service manager knows the process.",
        ["proc-user"] = "let the service manager choose the user.",
        ["proc-group"] = "let the service manager choose the group.",
        ["daemon"] = "the service manager keeps it in the background.",
        ["cli-ip"] = "use mediarelay turn top.",
        ["cli-port"] = "use mediarelay turn top.",
        ["cli-password"] = "use mediarelay turn top.",
        ["cli-max-output-sessions"] = "use mediarelay turn top.",
        ["web-admin"] = "use mediarelay turn top and the dashboards over /metrics.",
        ["web-admin-ip"] = "use mediarelay turn top and the dashboards over /metrics.",
        ["web-admin-port"] = "use mediarelay turn top and the dashboards over /metrics.",
        ["web-admin-listen-on-workers"] = "use mediarelay turn top and the dashboards over /metrics.",
        ["server-relay"] = "it opens the relay to everybody and is not offered.",
        ["keep-address-family"] = "a client that names no family gets IPv4.",
        ["allocation-default-address-family"] = "a client that names no family gets IPv4.",
        ["check-origin-consistency"] = "ORIGIN is not evaluated.",
        ["acme-redirect"] = "there is no HTTP on the relay's ports; let the certificate client use its own.",
        ["max-allocate-timeout"] = "a connection without allocation is closed after 20 s.",
        ["ne"] = "see Mechanism.",
    };
}
