using System.Numerics;

namespace MediaRelay.Qos.Pcmm;

/// <summary>
/// What a gate asks for: a type, the envelopes meant, and one parameter set for all of them or one for each (PCMM I05 section 6.4.2.7).
/// A profile always replaces the previous one; its type never changes during a gate's life.
/// </summary>
public readonly record struct TrafficProfile(TrafficProfileType Type, ResourceEnvelopes Envelopes)
{
    internal const byte GuaranteedService = 2;
    internal const byte ControlledLoad = 5;

    /// <summary>FlowSpec only: 2 guaranteed, 5 controlled load.</summary>
    public byte ServiceNumber { get; init; }

    /// <summary>ServiceClassName only.</summary>
    public ServiceClassName Name { get; init; }

    /// <summary>Number of parameter sets, 0 for types without any.</summary>
    public int Count { get; init; }

    public ParameterSet First { get; init; }

    public ParameterSet Second { get; init; }

    public ParameterSet Third { get; init; }

    /// <summary>One set that holds for all envelopes.</summary>
    public static TrafficProfile Single(TrafficProfileType type, ResourceEnvelopes envelopes, in ParameterSet set) => new(type, envelopes) { Count = 1, First = set };

    /// <summary>A guaranteed (2) or controlled load (5) FlowSpec for all envelopes.</summary>
    public static TrafficProfile FromFlowSpec(ResourceEnvelopes envelopes, in FlowSpec spec, bool controlledLoad = false) =>
        new(TrafficProfileType.FlowSpec, envelopes)
        {
            ServiceNumber = controlledLoad ? ControlledLoad : GuaranteedService, Count = 1, First = new ParameterSet { FlowSpec = spec },
        };

    /// <summary>A service class of the CMTS, the same name for all envelopes.</summary>
    public static TrafficProfile FromServiceClass(ResourceEnvelopes envelopes, string name) =>
        new(TrafficProfileType.ServiceClassName, envelopes) { Name = new ServiceClassName(name) };

    /// <summary>The set of one envelope: the common one, or its own.</summary>
    public ParameterSet For(ResourceEnvelopes envelope) => Count == 1 ? First : envelope switch
    {
        ResourceEnvelopes.Authorized => First,
        ResourceEnvelopes.Reserved => Second,
        _ => Third,
    };

    /// <summary>The same parameters with other envelopes. Only for profiles with at most one set.</summary>
    public TrafficProfile WithEnvelopes(ResourceEnvelopes envelopes) => this with { Envelopes = envelopes };

    internal static bool IsLegal(ResourceEnvelopes envelopes) =>
        envelopes is ResourceEnvelopes.Authorize or ResourceEnvelopes.Reserve or ResourceEnvelopes.Commit;

    internal int BodySize(PcmmLayout layout) => Type switch
    {
        TrafficProfileType.ServiceClassName => 4 + Name.PaddedLength,
        TrafficProfileType.UpstreamDrop => 4,
        _ => 4 + (Count * ParameterCodec.Size(Type, layout)),
    };

    /// <summary>Reads a profile body in the preferred layout, or in the other one when only that fits its length and envelopes.</summary>
    internal static PcmmErrorCode TryRead(TrafficProfileType type, ReadOnlySpan<byte> body, PcmmLayout preferred, out TrafficProfile profile)
    {
        profile = default;
        if (body.Length < 4) return PcmmErrorCode.InvalidObject;
        var envelopes = (ResourceEnvelopes)body[0];
        if (!IsLegal(envelopes)) return PcmmErrorCode.InvalidFieldValue;
        profile = new TrafficProfile(type, envelopes);
        if (type == TrafficProfileType.UpstreamDrop) return body.Length == 4 ? PcmmErrorCode.None : PcmmErrorCode.InvalidObject;
        if (type == TrafficProfileType.ServiceClassName)
        {
            if (!ServiceClassName.TryRead(body[4..], out ServiceClassName name)) return PcmmErrorCode.InvalidObject;
            profile = profile with { Name = name };
            return PcmmErrorCode.None;
        }
        PcmmLayout other = preferred == PcmmLayout.Current ? PcmmLayout.Old : PcmmLayout.Current;
        return TryReadSets(body, preferred, ref profile) || TryReadSets(body, other, ref profile) ? PcmmErrorCode.None : PcmmErrorCode.InvalidObject;
    }

    internal void Write(Span<byte> body, PcmmLayout layout)
    {
        body.Clear();
        body[0] = (byte)Envelopes;
        if (Type == TrafficProfileType.FlowSpec) body[1] = ServiceNumber;
        if (Type == TrafficProfileType.ServiceClassName) Name.Write(body[4..]);
        int size = ParameterCodec.Size(Type, layout);
        if (Count > 0) ParameterCodec.Write(First, Type, layout, body.Slice(4, size));
        if (Count > 1) ParameterCodec.Write(Second, Type, layout, body.Slice(4 + size, size));
        if (Count > 2) ParameterCodec.Write(Third, Type, layout, body.Slice(4 + (2 * size), size));
    }

    private static bool TryReadSets(ReadOnlySpan<byte> body, PcmmLayout layout, ref TrafficProfile profile)
    {
        int size = ParameterCodec.Size(profile.Type, layout);
        if (size == 0 || (body.Length - 4) % size != 0) return false;
        int count = (body.Length - 4) / size;
        if (count != 1 && count != BitOperations.PopCount((uint)profile.Envelopes)) return false;
        ReadOnlySpan<byte> sets = body[4..];
        profile = profile with
        {
            ServiceNumber = profile.Type == TrafficProfileType.FlowSpec ? body[1] : (byte)0,
            Count = count,
            First = ParameterCodec.Read(profile.Type, layout, sets),
            Second = count > 1 ? ParameterCodec.Read(profile.Type, layout, sets[size..]) : default,
            Third = count > 2 ? ParameterCodec.Read(profile.Type, layout, sets[(2 * size)..]) : default,
        };
        return true;
    }
}
