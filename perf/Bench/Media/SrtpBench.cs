using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;
using MediaRelay.Media.Srtp;

namespace MediaRelay.Bench.Media;

/// <summary>SRTP per packet: 172-byte audio and 1200-byte video.</summary>
[MemoryDiagnoser]
public class SrtpBench : IDisposable
{
    private readonly byte[] _buffer = new byte[1500];
    private SrtpContext _sender = null!, _receiver = null!;
    private ushort _sequence;

    [Params(172, 1200)]
    public int PacketBytes { get; set; }

    [Params(SrtpProfile.Aes128CmSha1Tag80, SrtpProfile.AeadAes128Gcm)]
    public SrtpProfile Profile { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var key = new SrtpKey(Profile, new byte[SrtpKey.KeyLength(Profile)], new byte[SrtpKey.SaltLength(Profile)]);
        (_sender, _receiver) = (new SrtpContext(key), new SrtpContext(key));
        (_buffer[0], _buffer[1]) = (0x80, 96);
    }

    [Benchmark]
    public int Protect()
    {
        BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(2), ++_sequence);
        _sender.ProtectRtp(_buffer, PacketBytes, out var length);
        return length;
    }

    [Benchmark]
    public int ProtectAndUnprotect()
    {
        var length = Protect();
        _receiver.UnprotectRtp(_buffer.AsSpan(0, length), out var plain);
        return plain;
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _sender?.Dispose();
        _receiver?.Dispose();
        GC.SuppressFinalize(this);
    }
}
