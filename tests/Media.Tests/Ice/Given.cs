using System.Text;
using MediaRelay.Media.Ice;
using MediaRelay.Stun;
using MediaRelay.Tests.Support;

namespace MediaRelay.Media.Tests.Ice;

/// <summary>Messages that a peer or an attacker may send.</summary>
internal static class Given
{
    private static readonly CountingRandom Random = new(99);

    /// <summary>A Binding request of the peer to an agent with the local credentials.</summary>
    public static byte[] Check(
        IceCredentials local, IceCredentials remote, StunAttributeType role = StunAttributeType.IceControlling, ulong tieBreaker = 1,
        bool nominates = false, string? password = null, uint priority = 1_000_000)
    {
        Span<byte> buffer = stackalloc byte[512];
        var writer = new StunWriter(buffer, StunMethod.Binding, StunClass.Request, TransactionId.New(Random));
        writer.AddText(StunAttributeType.Username, $"{local.UsernameFragment}:{remote.UsernameFragment}");
        if (priority != 0) writer.AddUInt32(StunAttributeType.Priority, priority);
        writer.AddUInt64(role, tieBreaker);
        if (nominates) writer.Add(StunAttributeType.UseCandidate, default);
        writer.AddIntegrity(Encoding.ASCII.GetBytes(password ?? local.Password));
        writer.AddFingerprint();
        return writer.Written.ToArray();
    }

    /// <summary>An answer to a request, signed with the given password; null leaves the integrity out.</summary>
    public static byte[] Answer(ReadOnlySpan<byte> request, TransportAddress mapped, string? password, StunErrorCode error = StunErrorCode.None)
    {
        Assert.True(StunMessage.TryRead(request, out var message, out _));
        Span<byte> buffer = stackalloc byte[256];
        var writer = StunWriter.Reply(buffer, message, error == StunErrorCode.None ? StunClass.Success : StunClass.Error);
        if (error == StunErrorCode.None) writer.AddAddress(StunAttributeType.XorMappedAddress, mapped);
        else writer.AddErrorCode(error);
        if (password is not null) writer.AddIntegrity(Encoding.ASCII.GetBytes(password));
        writer.AddFingerprint();
        return writer.Written.ToArray();
    }
}
