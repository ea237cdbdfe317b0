using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>Writes the Binding messages of connectivity checks (RFC 8445 section 7.1).</summary>
internal static class CheckCodec
{
    private const int MaxCheck = 640;

    public static byte[] Request(TransactionId id, Generation generation, IceSession session, uint priority, bool nominates)
    {
        Span<byte> buffer = stackalloc byte[MaxCheck];
        var writer = new StunWriter(buffer, StunMethod.Binding, StunClass.Request, id);
        writer.AddText(StunAttributeType.Username, generation.Username);
        writer.AddUInt32(StunAttributeType.Priority, priority);
        var role = session.Role == IceRole.Controlling ? StunAttributeType.IceControlling : StunAttributeType.IceControlled;
        writer.AddUInt64(role, session.TieBreaker);
        if (nominates) writer.Add(StunAttributeType.UseCandidate, default);
        writer.AddIntegrity(generation.RemoteKey);
        writer.AddFingerprint();
        return writer.Written.ToArray();
    }

    public static byte[] Success(in StunMessage request, TransportAddress source, ReadOnlySpan<byte> key)
    {
        Span<byte> buffer = stackalloc byte[128];
        var writer = StunWriter.Reply(buffer, request, StunClass.Success);
        writer.AddAddress(StunAttributeType.XorMappedAddress, source);
        writer.AddIntegrity(key);
        writer.AddFingerprint();
        return writer.Written.ToArray();
    }

    public static byte[] Error(in StunMessage request, StunErrorCode code, ReadOnlySpan<byte> key)
    {
        Span<byte> buffer = stackalloc byte[128];
        var writer = StunWriter.Reply(buffer, request, StunClass.Error);
        writer.AddErrorCode(code);
        writer.AddIntegrity(key);
        writer.AddFingerprint();
        return writer.Written.ToArray();
    }

    public static byte[] BindingRequest(TransactionId id)
    {
        Span<byte> buffer = stackalloc byte[64];
        var writer = new StunWriter(buffer, StunMethod.Binding, StunClass.Request, id);
        writer.AddFingerprint();
        return writer.Written.ToArray();
    }

    /// <summary>A keep-alive (RFC 8445 section 11): no integrity, no answer.</summary>
    public static byte[] Indication(TransactionId id)
    {
        Span<byte> buffer = stackalloc byte[64];
        var writer = new StunWriter(buffer, StunMethod.Binding, StunClass.Indication, id);
        writer.AddFingerprint();
        return writer.Written.ToArray();
    }
}
