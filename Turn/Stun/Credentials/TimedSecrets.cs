namespace MediaRelay.Stun;

/// <summary>
/// The current and, during a rotation, the previous secret of timed credentials. Immutable: a rotation replaces the object.
/// </summary>
public sealed class TimedSecrets
{
    /// <summary>Shortest secret in bytes; 32 random bytes are advised.</summary>
    public const int MinLength = 16;

    private readonly byte[] _current;
    private readonly byte[]? _previous;

    /// <exception cref="ArgumentException">A secret is shorter than 16 bytes.</exception>
    public TimedSecrets(ReadOnlySpan<byte> current, ReadOnlySpan<byte> previous = default)
    {
        if (current.Length < MinLength || (!previous.IsEmpty && previous.Length < MinLength))
            throw new ArgumentException($"A secret of timed credentials needs at least {MinLength} bytes.", nameof(current));
        _current = current.ToArray();
        _previous = previous.IsEmpty ? null : previous.ToArray();
    }

    /// <summary>Secrets in use: 1, or 2 during a rotation.</summary>
    public int Count => _previous is null ? 1 : 2;

    /// <summary>The key of a name under the current (0) or previous (1) secret, for callers that verify by themselves. Allocates nothing.</summary>
    public LongTermKey DeriveKey(int index, PasswordAlgorithm algorithm, ReadOnlySpan<byte> username, ReadOnlySpan<byte> realm) =>
        TimedCredential.DeriveKey(algorithm, index == 0 ? _current : _previous, username, realm);

    public TimedCredential Issue(DateTimeOffset expires, string subject, string? scope = null) =>
        TimedCredential.Issue(_current, expires, subject, scope);

    /// <summary>
    /// Verifies the integrity of a request under either secret and gives the key for the answer. The caller has checked the
    /// name's expiry. Both secrets are always tried, so that the time does not tell which one is in use. Allocates nothing.
    /// </summary>
    public bool TryVerify(in StunMessage request, PasswordAlgorithm algorithm, ReadOnlySpan<byte> username, ReadOnlySpan<byte> realm, out LongTermKey key)
    {
        key = TimedCredential.DeriveKey(algorithm, _current, username, realm);
        var verified = MessageIntegrity.Verify(request, key);
        if (_previous is null)
            return verified;
        var older = TimedCredential.DeriveKey(algorithm, _previous, username, realm);
        if (MessageIntegrity.Verify(request, older))
        {
            key = older;
            verified = true;
        }

        return verified;
    }
}
