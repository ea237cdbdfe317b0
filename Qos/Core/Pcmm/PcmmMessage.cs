using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace MediaRelay.Qos.Pcmm;

/// <summary>
/// A view over the PCMM objects of one message, in any order. Reading checks every boundary once and notes where each object is;
/// unknown objects are skipped. It allocates nothing and is valid as long as its bytes are.
/// </summary>
internal readonly ref struct PcmmMessage
{
    private const int ObjectHeader = 4;
    private const int Numbers = 23;
    private readonly ReadOnlySpan<byte> _payload;
    private readonly Offsets _offsets;

    private PcmmMessage(ReadOnlySpan<byte> payload, PcmmLayout layout, scoped in Offsets offsets)
    {
        _payload = payload;
        Layout = layout;
        _offsets = offsets;
    }

    public PcmmLayout Layout { get; }

    /// <summary>Bit n is set when object number n is there with a type that the specification defines.</summary>
    public uint Present { get; private init; }

    /// <summary>Bit n is set when an object number n has a length that its type does not have.</summary>
    public uint Invalid { get; private init; }

    /// <summary>Bit n is set when object number n is there more than once.</summary>
    public uint Repeated { get; private init; }

    public int ClassifierCount { get; private init; }

    /// <summary>All classifiers are of one type.</summary>
    public bool HasMixedClassifiers { get; private init; }

    public ushort Transaction { get; private init; }

    public GateCommand Command { get; private init; }

    public ReadOnlySpan<byte> Payload => _payload;

    /// <summary>False when an object's length is below four, not a multiple of four or beyond the payload.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, PcmmLayout layout, out PcmmMessage message)
    {
        message = default;
        Offsets offsets = default;
        uint present = 0, invalid = 0, repeated = 0;
        int classifiers = 0;
        byte classifierType = 0;
        bool mixed = false;
        for (int at = 0; at < payload.Length;)
        {
            if (payload.Length - at < ObjectHeader) return false;
            int length = BinaryPrimitives.ReadUInt16BigEndian(payload[at..]);
            if (length < ObjectHeader || (length & 3) != 0 || length > payload.Length - at) return false;
            byte number = payload[at + 2], type = payload[at + 3];
            int expected = BodySize(number, type);
            if (expected >= 0)
            {
                uint bit = 1u << number;
                if ((present & bit) == 0) offsets[number] = (ushort)at;
                else repeated |= bit;
                present |= bit;
                if (expected > 0 && expected != length - ObjectHeader) invalid |= bit;
                if (number == (byte)PcmmObject.Classifier)
                {
                    mixed |= classifiers++ > 0 && type != classifierType;
                    classifierType = type;
                }
            }
            at += length;
        }
        ushort transaction = 0;
        GateCommand command = 0;
        const uint TransactionBit = 1u << (int)PcmmObject.TransactionId;
        if ((present & ~invalid & TransactionBit) != 0)
        {
            int at = offsets[(int)PcmmObject.TransactionId] + ObjectHeader;
            transaction = BinaryPrimitives.ReadUInt16BigEndian(payload[at..]);
            command = (GateCommand)BinaryPrimitives.ReadUInt16BigEndian(payload[(at + 2)..]);
        }
        message = new PcmmMessage(payload, layout, offsets)
        {
            Present = present, Invalid = invalid, Repeated = repeated, ClassifierCount = classifiers, HasMixedClassifiers = mixed,
            Transaction = transaction, Command = command,
        };
        return true;
    }

    public bool Has(PcmmObject number) => (Present & (1u << (int)number)) != 0;

    public bool HasTransaction => (Present & ~Invalid & (1u << (int)PcmmObject.TransactionId)) != 0;

    public byte TypeOf(PcmmObject number) => Has(number) ? _payload[_offsets[(int)number] + 3] : (byte)0;

    /// <summary>The object's place in <see cref="Payload"/>, header included; for callers that rewrite a field in a copy.</summary>
    public int OffsetOf(PcmmObject number) => _offsets[(int)number];

    public int LengthOf(PcmmObject number) => BinaryPrimitives.ReadUInt16BigEndian(_payload[_offsets[(int)number]..]);

    public bool TryGetAmid(out Amid amid)
    {
        amid = TryGetBody(PcmmObject.Amid, out ReadOnlySpan<byte> body) ? Amid.FromValue(BinaryPrimitives.ReadUInt32BigEndian(body)) : default;
        return !body.IsEmpty;
    }

    public bool TryGetSubscriber(out SubscriberId subscriber)
    {
        subscriber = default;
        if (!TryGetBody(PcmmObject.SubscriberId, out ReadOnlySpan<byte> body)) return false;
        subscriber = body.Length == 4
            ? SubscriberId.FromV4(BinaryPrimitives.ReadUInt32BigEndian(body))
            : new SubscriberId(BinaryPrimitives.ReadUInt128BigEndian(body), true);
        return true;
    }

    public bool TryGetGateId(out GateId id)
    {
        bool found = TryGetUInt32(PcmmObject.GateId, out uint value);
        id = new GateId(value);
        return found;
    }

    public bool TryGetGateSpec(out GateSpec spec)
    {
        bool found = TryGetBody(PcmmObject.GateSpec, out ReadOnlySpan<byte> body);
        spec = found ? GateSpec.Read(body) : default;
        return found;
    }

    /// <summary>None when the profile is sound; InvalidObject for its length, InvalidFieldValue for its envelopes; MissingRequiredObject when absent.</summary>
    public PcmmErrorCode TryGetProfile(out TrafficProfile profile)
    {
        profile = default;
        return TryGetBody(PcmmObject.TrafficProfile, out ReadOnlySpan<byte> body)
            ? TrafficProfile.TryRead((TrafficProfileType)TypeOf(PcmmObject.TrafficProfile), body, Layout, out profile)
            : PcmmErrorCode.MissingRequiredObject;
    }

    public bool TryGetEventGenerationInfo(out EventGenerationInfo value)
    {
        bool found = TryGetBody(PcmmObject.EventGenerationInfo, out ReadOnlySpan<byte> body);
        value = found ? EventGenerationInfo.Read(body) : default;
        return found;
    }

    public bool TryGetVolumeLimit(out ulong kilobytes) => TryGetUInt64(PcmmObject.VolumeLimit, out kilobytes);

    public bool TryGetTimeLimit(out uint seconds) => TryGetUInt32(PcmmObject.TimeLimit, out seconds);

    public bool TryGetOpaque(out ulong opaque) => TryGetUInt64(PcmmObject.OpaqueData, out opaque);

    public bool TryGetGateTime(out uint seconds) => TryGetUInt32(PcmmObject.GateTimeInfo, out seconds);

    public bool TryGetGateUsage(out ulong kilobytes) => TryGetUInt64(PcmmObject.GateUsageInfo, out kilobytes);

    public bool TryGetError(out PcmmError error)
    {
        bool found = TryGetUInt32(PcmmObject.Error, out uint value);
        error = new PcmmError((PcmmErrorCode)(value >> 16), (ushort)value);
        return found;
    }

    public bool TryGetState(out GateState state, out GateReason reason)
    {
        bool found = TryGetUInt32(PcmmObject.GateState, out uint value);
        state = (GateState)(value >> 16);
        reason = (GateReason)(ushort)value;
        return found;
    }

    public bool TryGetVersion(out PcmmVersion version)
    {
        bool found = TryGetUInt32(PcmmObject.VersionInfo, out uint value);
        version = new PcmmVersion((ushort)(value >> 16), (ushort)value);
        return found;
    }

    public bool TryGetPsid(out Psid psid)
    {
        bool found = TryGetUInt32(PcmmObject.Psid, out uint value);
        psid = new Psid(value);
        return found;
    }

    /// <summary>False when absent or when a field is neither 0 nor 1.</summary>
    public bool TryGetSynchOptions(out SynchOptions options)
    {
        options = default;
        if (!TryGetUInt32(PcmmObject.SynchOptions, out uint value)) return false;
        byte report = (byte)(value >> 8), synch = (byte)value;
        options = new SynchOptions(report == 1, synch == 1);
        return report <= 1 && synch <= 1;
    }

    public bool TryGetReceiptKey(out uint key) => TryGetUInt32(PcmmObject.MsgReceiptKey, out key);

    public bool TryGetSharedResource(out uint id) => TryGetUInt32(PcmmObject.SharedResourceId, out id);

    /// <summary>UTF-8 without its padding.</summary>
    public ReadOnlySpan<byte> UserId => TryGetBody(PcmmObject.UserId, out ReadOnlySpan<byte> body) ? body.TrimEnd((byte)0) : default;

    public ObjectSequence Classifiers => new(_payload, Has(PcmmObject.Classifier) ? OffsetOf(PcmmObject.Classifier) : _payload.Length, PcmmObject.Classifier);

    public ObjectSequence Amids => new(_payload, Has(PcmmObject.Amid) ? OffsetOf(PcmmObject.Amid) : _payload.Length, PcmmObject.Amid);

    /// <summary>Body length of a defined object; 0 when it varies; -1 when the number and type are not defined.</summary>
    private static int BodySize(byte number, byte type) => (PcmmObject)number switch
    {
        PcmmObject.SubscriberId => type switch { 1 => 4, 2 => 16, _ => -1 },
        PcmmObject.Classifier => type switch { 1 => Classifier.LegacyBody, 2 => Classifier.ExtendedBody, 3 => Classifier.Ipv6Body, _ => -1 },
        PcmmObject.TrafficProfile => type is >= 1 and <= 9 ? 0 : -1,
        PcmmObject.EventGenerationInfo => type switch { 1 => EventGenerationInfo.BodySizeV4, 2 => EventGenerationInfo.BodySizeV6, _ => -1 },
        _ when type != 1 => -1,
        PcmmObject.GateSpec => GateSpec.BodySize,
        PcmmObject.UserId => 0,
        PcmmObject.VolumeLimit or PcmmObject.OpaqueData or PcmmObject.GateUsageInfo => 8,
        PcmmObject.TransactionId or PcmmObject.Amid or PcmmObject.GateId or PcmmObject.TimeLimit or PcmmObject.GateTimeInfo or PcmmObject.Error
            or PcmmObject.GateState or PcmmObject.VersionInfo or PcmmObject.Psid or PcmmObject.SynchOptions or PcmmObject.MsgReceiptKey
            or PcmmObject.SharedResourceId => 4,
        _ => -1,
    };

    private bool TryGetBody(PcmmObject number, out ReadOnlySpan<byte> body)
    {
        body = default;
        if ((Present & ~Invalid & (1u << (int)number)) == 0) return false;
        int at = _offsets[(int)number];
        body = _payload.Slice(at + ObjectHeader, BinaryPrimitives.ReadUInt16BigEndian(_payload[at..]) - ObjectHeader);
        return true;
    }

    private bool TryGetUInt32(PcmmObject number, out uint value)
    {
        bool found = TryGetBody(number, out ReadOnlySpan<byte> body);
        value = found ? BinaryPrimitives.ReadUInt32BigEndian(body) : 0;
        return found;
    }

    private bool TryGetUInt64(PcmmObject number, out ulong value)
    {
        bool found = TryGetBody(number, out ReadOnlySpan<byte> body);
        value = found ? BinaryPrimitives.ReadUInt64BigEndian(body) : 0;
        return found;
    }

    [InlineArray(Numbers)]
    private struct Offsets
    {
        private ushort _first;
    }

    /// <summary>All objects of one number, in wire order; <c>foreach</c> over it.</summary>
    internal ref struct ObjectSequence(ReadOnlySpan<byte> payload, int start, PcmmObject number)
    {
        private readonly ReadOnlySpan<byte> _objects = payload;
        private int _next = start;

        public byte Type { get; private set; }

        public ReadOnlySpan<byte> Body { get; private set; }

        public readonly ObjectSequence Current => this;

        public readonly ObjectSequence GetEnumerator() => this;

        /// <summary>The current object as a classifier; only while the owner knows its length to be valid.</summary>
        public readonly Classifier Classifier => Pcmm.Classifier.Read((ClassifierKind)Type, Body);

        public readonly Amid Amid => Pcmm.Amid.FromValue(BinaryPrimitives.ReadUInt32BigEndian(Body));

        public bool MoveNext()
        {
            while (_next < _objects.Length)
            {
                int length = BinaryPrimitives.ReadUInt16BigEndian(_objects[_next..]);
                byte found = _objects[_next + 2];
                Type = _objects[_next + 3];
                Body = _objects.Slice(_next + ObjectHeader, length - ObjectHeader);
                _next += length;
                if (found == (byte)number && BodySize(found, Type) == Body.Length) return true;
            }
            return false;
        }
    }
}
