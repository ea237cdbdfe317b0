using MediaRelay.Stun;
using MediaRelay.Turn.Peers;

namespace MediaRelay.Turn.Access;

/// <summary>Who sent an authenticated request, and how the answer is protected.</summary>
internal struct Caller
{
    public IntegrityKey Key;

    /// <summary>The request has proved its credentials; answers carry integrity.</summary>
    public bool IsAuthenticated;

    /// <summary>The answer carries MESSAGE-INTEGRITY-SHA256 (RFC 8489 section 9.2.4).</summary>
    public bool AnswersSha256;

    public CredentialKinds Kind;

    /// <summary>Position + 1 in the user table when the key came from there.</summary>
    public int KnownUser;

    /// <summary>Configured user whose hashed name was sent; its real name is here.</summary>
    public ReadOnlyMemory<byte> HashedName;

    /// <summary>Longest lifetime a token covers; null without token.</summary>
    public TimeSpan? TokenLifetime;
}
