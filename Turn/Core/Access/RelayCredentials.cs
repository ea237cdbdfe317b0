using MediaRelay.Stun;

namespace MediaRelay.Turn.Access;

/// <summary>
/// Who may use the relay and how they prove it. Immutable; an engine takes a new one while running, and allocations made under the
/// old one go on with their own keys.
/// </summary>
public sealed class RelayCredentials
{
    /// <summary>Longest realm in bytes; a longer one would make the answer to strangers too large.</summary>
    public const int MaxRealmBytes = 24;

    private readonly Dictionary<byte[], StaticUser> _byHash = new(NameComparer.Instance);
    private readonly Dictionary<byte[], StaticUser>.AlternateLookup<ReadOnlySpan<byte>> _hashLookup;
    private readonly Dictionary<byte[], StaticUser> _users = new(NameComparer.Instance);
    private readonly Dictionary<byte[], StaticUser>.AlternateLookup<ReadOnlySpan<byte>> _userLookup;
    private readonly byte[] _realm;

    /// <exception cref="ArgumentException">The realm is empty or longer than 24 bytes, or a user name occurs twice.</exception>
    public RelayCredentials(string realm, IEnumerable<StaticUser>? users = null)
    {
        Realm = realm;
        _realm = System.Text.Encoding.UTF8.GetBytes(realm);
        if (_realm.Length is 0 or > MaxRealmBytes)
        {
            throw new ArgumentException($"A realm has 1 to {MaxRealmBytes} bytes, not {_realm.Length}.", nameof(realm));
        }

        Span<byte> hash = stackalloc byte[Userhash.Length];
        foreach (var user in users ?? [])
        {
            if (!_users.TryAdd(user.Name.ToArray(), user))
            {
                throw new ArgumentException("A user name is configured twice.", nameof(users));
            }

            Userhash.Compute(user.Name.Span, _realm, hash);
            _byHash.Add(hash.ToArray(), user);
        }

        _userLookup = _users.GetAlternateLookup<ReadOnlySpan<byte>>();
        _hashLookup = _byHash.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    public string Realm { get; }

    /// <summary>Secrets of timed credentials; null = none are accepted.</summary>
    public TimedSecrets? TimedSecrets { get; init; }

    /// <summary>Keys of third-party tokens; empty = ACCESS-TOKEN is an unknown attribute.</summary>
    public IReadOnlyList<TokenKey> TokenKeys { get; init; } = [];

    /// <summary>The name of this server towards the authorization server (RFC 7635 section 6.1).</summary>
    public string ServerName { get; init; } = "";

    /// <summary>Offer SHA-256 beside MD5 (RFC 8489 section 9.2.1); answers to strangers grow by 25 bytes.</summary>
    public bool OffersSha256 { get; init; } = true;

    /// <summary>Refuse keys made with MD5. Most browsers still need MD5.</summary>
    public bool RequiresSha256 { get; init; }

    /// <summary>What to do with peers that are not in the session scope of a credential.</summary>
    public PeerScopeMode PeerScope { get; init; } = PeerScopeMode.Enforce;

    /// <summary>Tolerance for unequal clocks when expiries are judged.</summary>
    public TimeSpan ClockTolerance { get; init; } = TimeSpan.FromSeconds(30);

    internal ReadOnlySpan<byte> RealmBytes => _realm;

    internal bool Offers => OffersSha256 || RequiresSha256;

    internal bool TryGetUser(ReadOnlySpan<byte> name, out StaticUser? user) => _userLookup.TryGetValue(name, out user);

    internal bool TryGetUserByHash(ReadOnlySpan<byte> hash, out StaticUser? user) => _hashLookup.TryGetValue(hash, out user);

    internal TokenKey? TokenKeyFor(ReadOnlySpan<byte> keyId)
    {
        for (var i = 0; i < TokenKeys.Count; i++)
        {
            if (TokenKeys[i].KeyId.Span.SequenceEqual(keyId))
            {
                return TokenKeys[i];
            }
        }

        return null;
    }

    private sealed class NameComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly NameComparer Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(byte[] name) => GetHashCode(name.AsSpan());

        public int GetHashCode(ReadOnlySpan<byte> name)
        {
            var hash = default(HashCode);
            hash.AddBytes(name);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
