namespace MediaRelay.Turn.Access;

/// <summary>A key shared with an authorization server (RFC 7635 section 4.1).</summary>
/// <param name="KeyId">The "kid" that clients send as USERNAME, in UTF-8.</param>
/// <param name="Key">16 bytes for AES-128-GCM or 32 bytes for AES-256-GCM.</param>
public sealed record TokenKey(ReadOnlyMemory<byte> KeyId, ReadOnlyMemory<byte> Key)
{
    public override string ToString() => "TokenKey";
}
