using BenchmarkDotNet.Attributes;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Bench.Qos;

/// <summary>Reading and writing the classic 136-byte Gate-Set.</summary>
[MemoryDiagnoser]
public class CodecBench
{
    private readonly byte[] _message = Convert.FromHexString(
        "1002800a00000088000801010000123400080201000800000008060100010000006806040008010199990004000802010000567800080301"
        + "0a141e28001005010100000000c8012c003c001e0024070107020000461c400043480000461c4000000000c8000000c8461c400000000320"
        + "00180601001100000a141e28c633640740009c4040000000");

    private readonly byte[] _buffer = new byte[1024];
    private TrafficProfile _profile;

    [Benchmark]
    public int ReadGateSet()
    {
        if (!CopsMessage.TryRead(_message, out CopsMessage message, out _) || !PcmmMessage.TryRead(message.Payload, PcmmLayout.Current, out PcmmMessage objects)) return 0;
        _ = objects.TryGetProfile(out _profile);
        return objects.ClassifierCount;
    }

    [Benchmark]
    public int WriteGateSet()
    {
        var writer = new CopsWriter(_buffer, CopsOpCode.Decision);
        writer.AddUInt32((byte)CopsClass.Handle, 1, 1);
        writer.AddUInt32((byte)CopsClass.Context, 1, 0x00080000);
        writer.AddPair((byte)CopsClass.Decision, 1, 1, 0);
        writer.BeginPayload(CopsClass.Decision, 4);
        writer.AddTransaction(1, GateCommand.GateSet);
        writer.AddAmid(new Amid(0, 1));
        writer.AddSubscriber(SubscriberId.FromV4(0x0a141e28));
        writer.AddGateSpec(new GateSpec(GateDirection.Upstream));
        writer.AddProfile(_profile, PcmmLayout.Current);
        writer.AddClassifier(new Classifier(ClassifierKind.Extended));
        return writer.TryFinish(out int length) ? length : 0;
    }
}
