using BenchmarkDotNet.Attributes;
using MediaRelay.Stun;

namespace MediaRelay.Bench.Stun;

/// <summary>What one authenticated request costs before the engine sees it; the memory column must stay empty.</summary>
[MemoryDiagnoser]
public class StunBench
{
    private static readonly byte[] Secret = new byte[32];
    private static readonly byte[] Name = "1800000000:gateway-17:session-9"u8.ToArray();

    private readonly byte[] _buffer = new byte[512];
    private readonly TimedSecrets _secrets = new(Secret);
    private byte[] _request = [];
    private byte[] _binding = [];
    private LongTermKey _key;

    [GlobalSetup]
    public void Setup()
    {
        _key = TimedCredential.DeriveKey(PasswordAlgorithm.Md5, Secret, Name, "relay.example"u8);
        _request = _buffer[..Write()];
        var writer = new StunWriter(_buffer, StunMethod.Binding, StunClass.Request, default);
        writer.AddFingerprint();
        _binding = writer.Written.ToArray();
    }

    [Benchmark]
    public bool ReadBinding() => StunMessage.TryRead(_binding, out _, out _);

    [Benchmark]
    public bool ReadRefresh() => StunMessage.TryRead(_request, out var message, out _) && message.TryGetUsername(out _) && message.TryGetNonce(out _);

    [Benchmark]
    public bool VerifyFingerprint() => StunMessage.TryRead(_request, out var message, out _) && Fingerprint.Verify(message);

    [Benchmark]
    public bool VerifyIntegrity() => StunMessage.TryRead(_request, out var message, out _) && MessageIntegrity.Verify(message, _key);

    [Benchmark]
    public bool VerifyTimedCredential() => StunMessage.TryRead(_request, out var message, out _) && message.TryGetUsername(out var name)
        && TimedName.TryRead(name, out _) && _secrets.TryVerify(message, PasswordAlgorithm.Md5, name, "relay.example"u8, out _);

    [Benchmark]
    public int Write()
    {
        var writer = new StunWriter(_buffer, StunMethod.Refresh, StunClass.Request, default);
        writer.AddLifetime(600);
        writer.Add(StunAttributeType.Username, Name);
        writer.AddText(StunAttributeType.Realm, "relay.example");
        writer.AddText(StunAttributeType.Nonce, "obMatJos2gAAA0123456789abcdef01234567");
        writer.AddIntegrity(_key);
        writer.AddFingerprint();
        return writer.Length;
    }
}
