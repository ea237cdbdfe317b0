using System.Buffers.Binary;
using System.Text;
using MediaRelay.Qos.Cops;

namespace MediaRelay.Qos.Pcmm;

/// <summary>Adds PCMM objects to the message that a <see cref="CopsWriter"/> is writing.</summary>
internal static class PcmmWriter
{
    public static void AddTransaction(ref this CopsWriter writer, ushort transaction, GateCommand command) =>
        writer.AddPair((byte)PcmmObject.TransactionId, 1, transaction, (ushort)command);

    public static void AddAmid(ref this CopsWriter writer, Amid amid) => writer.AddUInt32((byte)PcmmObject.Amid, 1, amid.Value);

    public static void AddSubscriber(ref this CopsWriter writer, in SubscriberId subscriber)
    {
        Span<byte> body = writer.AddObject((byte)PcmmObject.SubscriberId, subscriber.IsV6 ? (byte)2 : (byte)1, subscriber.IsV6 ? 16 : 4);
        if (body.IsEmpty) return;
        if (subscriber.IsV6) BinaryPrimitives.WriteUInt128BigEndian(body, subscriber.Address);
        else BinaryPrimitives.WriteUInt32BigEndian(body, (uint)subscriber.Address);
    }

    public static void AddGateId(ref this CopsWriter writer, GateId id) => writer.AddUInt32((byte)PcmmObject.GateId, 1, id.Value);

    public static void AddGateSpec(ref this CopsWriter writer, in GateSpec spec)
    {
        Span<byte> body = writer.AddObject((byte)PcmmObject.GateSpec, 1, GateSpec.BodySize);
        if (!body.IsEmpty) spec.Write(body);
    }

    public static void AddClassifier(ref this CopsWriter writer, in Classifier classifier)
    {
        Span<byte> body = writer.AddObject((byte)PcmmObject.Classifier, (byte)classifier.Kind, Classifier.BodySize(classifier.Kind));
        if (!body.IsEmpty) classifier.Write(body);
    }

    public static void AddProfile(ref this CopsWriter writer, in TrafficProfile profile, PcmmLayout layout)
    {
        Span<byte> body = writer.AddObject((byte)PcmmObject.TrafficProfile, (byte)profile.Type, profile.BodySize(layout));
        if (!body.IsEmpty) profile.Write(body, layout);
    }

    public static void AddEventGenerationInfo(ref this CopsWriter writer, in EventGenerationInfo value)
    {
        Span<byte> body = writer.AddObject(
            (byte)PcmmObject.EventGenerationInfo, value.IsV6 ? (byte)2 : (byte)1, value.IsV6 ? EventGenerationInfo.BodySizeV6 : EventGenerationInfo.BodySizeV4);
        if (!body.IsEmpty) value.Write(body);
    }

    public static void AddVolumeLimit(ref this CopsWriter writer, ulong kilobytes) => AddUInt64(ref writer, PcmmObject.VolumeLimit, kilobytes);

    public static void AddTimeLimit(ref this CopsWriter writer, uint seconds) => writer.AddUInt32((byte)PcmmObject.TimeLimit, 1, seconds);

    public static void AddOpaque(ref this CopsWriter writer, ulong opaque) => AddUInt64(ref writer, PcmmObject.OpaqueData, opaque);

    public static void AddGateTime(ref this CopsWriter writer, uint seconds) => writer.AddUInt32((byte)PcmmObject.GateTimeInfo, 1, seconds);

    public static void AddGateUsage(ref this CopsWriter writer, ulong kilobytes) => AddUInt64(ref writer, PcmmObject.GateUsageInfo, kilobytes);

    public static void AddError(ref this CopsWriter writer, PcmmError error) =>
        writer.AddPair((byte)PcmmObject.Error, 1, (ushort)error.Code, error.SubCode);

    public static void AddState(ref this CopsWriter writer, GateState state, GateReason reason) =>
        writer.AddPair((byte)PcmmObject.GateState, 1, (ushort)state, (ushort)reason);

    public static void AddVersion(ref this CopsWriter writer, PcmmVersion version) =>
        writer.AddPair((byte)PcmmObject.VersionInfo, 1, version.Major, version.Minor);

    public static void AddPsid(ref this CopsWriter writer, Psid psid) => writer.AddUInt32((byte)PcmmObject.Psid, 1, psid.Value);

    public static void AddSynchOptions(ref this CopsWriter writer, SynchOptions options) =>
        writer.AddUInt32((byte)PcmmObject.SynchOptions, 1, (options.IsComplete ? 0x100u : 0) | (options.IsIncremental ? 1u : 0));

    public static void AddReceiptKey(ref this CopsWriter writer, uint key) => writer.AddUInt32((byte)PcmmObject.MsgReceiptKey, 1, key);

    public static void AddUserId(ref this CopsWriter writer, string user)
    {
        int count = Encoding.UTF8.GetByteCount(user);
        Span<byte> body = writer.AddObject((byte)PcmmObject.UserId, 1, (count + 3) & ~3);
        if (body.IsEmpty) return;
        Encoding.UTF8.GetBytes(user, body);
        body[count..].Clear();
    }

    public static void AddSharedResource(ref this CopsWriter writer, uint id) => writer.AddUInt32((byte)PcmmObject.SharedResourceId, 1, id);

    private static void AddUInt64(ref CopsWriter writer, PcmmObject number, ulong value)
    {
        Span<byte> body = writer.AddObject((byte)number, 1, 8);
        if (!body.IsEmpty) BinaryPrimitives.WriteUInt64BigEndian(body, value);
    }
}
