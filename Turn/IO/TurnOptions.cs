using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using MediaRelay.Turn.Access;

namespace MediaRelay.Turn.IO;

/// <summary>
/// The <c>Turn</c> section: a STUN and TURN relay. To add an option: a property here with description, range and default; its
/// meaning in <see cref="TurnPlan"/>; contradictions with others in <see cref="Validate"/>; a flag in the turn command.
/// </summary>
public sealed partial class TurnOptions : IValidatableObject
{
    [Description("Addresses and ports for clients over UDP and TCP; \":3478\" means every address of this machine.")]
    public string[] Listen { get; set; } = [":3478"];

    [Description("Also accept plain TCP on the addresses of Listen.")]
    public bool ListenTcp { get; set; } = true;

    [Description("Addresses and ports for clients over TLS 1.2 and 1.3, usually port 5349 or 443; needs Certificate and CertificateKey.")]
    public string[] TlsListen { get; set; } = [];

    [Description("Addresses and ports for clients over DTLS 1.2, usually port 5349; needs Certificate and CertificateKey.")]
    public string[] DtlsListen { get; set; } = [];

    [Description("PEM file with the certificate and its chain; read again when it changes.")]
    public string Certificate { get; set; } = "";

    [Description("PEM file with the private key of Certificate; read again when it changes.")]
    public string CertificateKey { get; set; } = "";

    [Description("Local addresses on which relay ports are opened; empty takes the addresses of Listen.")]
    public string[] RelayAddresses { get; set; } = [];

    [Description("Public addresses that clients are told instead of RelayAddresses when this machine is behind 1:1 NAT, in the same order, or as public/local pairs.")]
    public string[] ExternalAddresses { get; set; } = [];

    [Description("First and last relay port, such as 49152-65535.")]
    [RegularExpression(@"^\d{1,5}-\d{1,5}$")]
    public string Ports { get; set; } = "49152-65535";

    [Description("Realm that clients are asked to authenticate for, 1 to 24 bytes.")]
    [StringLength(24, MinimumLength = 1)]
    public string Realm { get; set; } = "mediarelay";

    [Description("Secrets shared with signaling for timed credentials, current first and previous second; 16 bytes at least. Prefer AuthSecretFile.")]
    public string[] AuthSecrets { get; set; } = [];

    [Description("File with one secret per line, current first and previous second; read again when it changes.")]
    public string AuthSecretFile { get; set; } = "";

    [Description("Users with fixed passwords as name:password. Prefer UsersFile.")]
    public string[] Users { get; set; } = [];

    [Description("File with one name:password per line; read again when it changes.")]
    public string UsersFile { get; set; } = "";

    [Description("File with one kid:base64-key per line (16 or 32 bytes), shared with an OAuth authorization server whose access tokens are accepted (RFC 7635); read again when it changes.")]
    public string TokenKeysFile { get; set; } = "";

    [Description("Name of this relay towards the authorization server; clients are told it when TokenKeysFile is set.")]
    public string ServerName { get; set; } = "";

    [Description("Offer SHA-256 for passwords beside MD5 (RFC 8489).")]
    public bool OfferSha256 { get; set; } = true;

    [Description("Refuse clients that can only use MD5 for passwords; most browsers still need MD5.")]
    public bool RequireSha256 { get; set; }

    [Description("What happens to peers outside the session scope of a credential: refused (Enforce) or only counted (Observe).")]
    public PeerScopeMode PeerScope { get; set; } = PeerScopeMode.Enforce;

    [Description("Peer networks (CIDR) that clients may reach although the built-in policy refuses them; never opens loopback, link-local, multicast or own addresses.")]
    public string[] AllowedPeers { get; set; } = [];

    [Description("Peer networks (CIDR) that clients may not reach; the longest prefix decides.")]
    public string[] DeniedPeers { get; set; } = [];

    [Description("NAT64 prefixes (CIDR) in use on this network; a peer inside one is judged by its IPv4 address as well.")]
    public string[] Nat64Prefixes { get; set; } = [];

    [Description("Endpoints of back ends (address:port, port 0 for all) that clients must never reach, such as the database.")]
    public string[] BackEnds { get; set; } = [];

    [Description("Allocations per credential; 0 for no limit.")]
    [Range(0, 1_000_000)]
    public int UserQuota { get; set; } = 10;

    [Description("Allocations per subscriber, the subject of timed credentials; 0 for no limit.")]
    [Range(0, 1_000_000)]
    public int SubscriberQuota { get; set; } = 32;

    [Description("Allocations of the whole node; above it clients get 508.")]
    [Range(1, 1_000_000)]
    public int TotalQuota { get; set; } = 100_000;

    [Description("Bits per second of one allocation in each direction; 0 for no limit.")]
    [Range(0L, 100_000_000_000L)]
    public long MaxBitRate { get; set; } = 8_000_000;

    [Description("Bits per second of one subscriber in each direction; 0 for no limit.")]
    [Range(0L, 100_000_000_000L)]
    public long SubscriberBitRate { get; set; } = 40_000_000;

    [Description("Lifetime of an allocation when the client asks for none.")]
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan DefaultLifetime { get; set; } = TimeSpan.FromMinutes(10);

    [Description("Longest lifetime of an allocation between refreshes.")]
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan MaxLifetime { get; set; } = TimeSpan.FromHours(1);

    [Description("Longest life of an allocation made with a timed credential or token, refreshes included; 0s for no limit.")]
    [Range(typeof(TimeSpan), "00:00:00", "30.00:00:00")]
    public TimeSpan MaxSession { get; set; } = TimeSpan.FromHours(12);

    [Description("Sibling relays (address:port) that clients are sent to with ALTERNATE-SERVER.")]
    public string[] AlternateServers { get; set; } = [];

    [Description("Sibling relays (address:port) for clients over TLS and DTLS.")]
    public string[] TlsAlternateServers { get; set; } = [];

    [Description("When clients are sent to a sibling: while draining, also when this node is full, or always.")]
    public RedirectMode Redirect { get; set; } = RedirectMode.WhenDraining;

    [Description("Two addresses with ports for NAT behaviour discovery (RFC 5780), first primary then alternate, with different IP addresses and ports.")]
    public string[] Rfc5780Addresses { get; set; } = [];

    [Description("Serve TCP allocations (RFC 6062) to users; credentials of look-ins, which carry a session, never get them.")]
    public bool TcpRelay { get; set; }

    [Description("Let clients move an allocation to a new address (RFC 8016); what comes from there may cross from one relay thread to another.")]
    public bool Mobility { get; set; }

    [Description("Accept channel numbers 0x5000 to 0x7FFF as RFC 5766 had them, which clients of coturn use.")]
    public bool OldChannelNumbers { get; set; }

    [Description("Relay threads; 0 takes one per processor core.")]
    [Range(0, 64)]
    public int Workers { get; set; }

    [Description("How datagrams are received and sent: io_uring where the kernel allows it (Auto), or always recvmmsg and sendmmsg (Epoll).")]
    public DatagramMechanism Mechanism { get; set; } = DatagramMechanism.Auto;

    [Description("Networks (CIDR) of load balancers that put a PROXY protocol v2 header in front of TCP and TLS connections; from there it is required.")]
    public string[] ProxyProtocolFrom { get; set; } = [];

    [Description("File with 32 bytes (64 hex digits) that the nodes of a cluster share, so that a nonce of one is good on another; empty makes a random key.")]
    public string NonceKeyFile { get; set; } = "";

    [Description("Connections over TCP, TLS and DTLS without an allocation that one address may hold.")]
    [Range(1, 65_536)]
    public int PendingConnectionsPerAddress { get; set; } = 256;

    [Description("Connections over TCP, TLS and DTLS without an allocation on the node; above it the oldest is closed.")]
    [Range(1, 1_000_000)]
    public int PendingConnections { get; set; } = 8192;

    [Description("DTLS handshakes under way on the node, each for 5 s at most; above it the oldest is dropped.")]
    [Range(1, 1_000_000)]
    public int DtlsHandshakes { get; set; } = 4096;
}

/// <summary>How the relay talks to the kernel.</summary>
public enum DatagramMechanism
{
    /// <summary>io_uring, or epoll where it is forbidden or too old.</summary>
    Auto,

    /// <summary>epoll with recvmmsg and sendmmsg.</summary>
    Epoll,
}
