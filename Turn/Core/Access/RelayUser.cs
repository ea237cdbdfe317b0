using MediaRelay.Stun;
using MediaRelay.Turn.Peers;

namespace MediaRelay.Turn.Access;

/// <summary>A credential that holds at least one allocation: its keys are ready, so later requests cost one HMAC.</summary>
internal struct RelayUser
{
    public byte[] Name;
    public IntegrityKey Key;
    public CredentialKinds Kind;
    public CredentialScope? Scope;
    public int Allocations;
    public uint Hash;
    public ulong QuotaKey;
    public ulong SubscriberKey;

    /// <summary>Position in the subscriber table.</summary>
    public int Subscriber;
}
