using MediaRelay.Tests.Support;

namespace MediaRelay.Stun.Tests;

public class AllocationTests
{
    private static readonly byte[] Key = new byte[20];
    private static readonly byte[] Secret = new byte[32];

    private readonly byte[] _buffer = new byte[1500];
    private long _sum;

    [Fact]
    public void Reading_every_attribute_allocates_nothing()
    {
        var bytes = Message();
        AllocationCheck.Zero(() =>
        {
            if (!StunMessage.TryRead(bytes, out var message, out _))
                throw new InvalidOperationException("not read");
            foreach (var attribute in message)
                _sum += attribute.Value.Length;
            _ = message.TryGetAddress(StunAttributeType.XorPeerAddress, out var peer);
            _ = message.TryGetUsername(out var name);
            _sum += peer.Port + name.Length + message.FindUnknownRequired([], stackalloc StunAttributeType[4]);
        });
        Assert.NotEqual(0, _sum);
    }

    [Fact]
    public void Verifying_integrity_and_fingerprint_allocates_nothing()
    {
        var bytes = Message();
        AllocationCheck.Zero(() =>
        {
            _ = StunMessage.TryRead(bytes, out var message, out _);
            if (!MessageIntegrity.Verify(message, Key) || !MessageIntegrity.VerifySha256(message, Key) || !Fingerprint.Verify(message))
                throw new InvalidOperationException("not verified");
        });
    }

    [Fact]
    public void Verifying_a_timed_credential_under_two_secrets_allocates_nothing()
    {
        var secrets = new TimedSecrets(Secret, Key);
        var name = "1800000000:gw-17:session"u8.ToArray();
        var key = TimedCredential.DeriveKey(PasswordAlgorithm.Sha256, Key, name, "realm"u8);
        var writer = new StunWriter(_buffer, StunMethod.Allocate, StunClass.Request, default);
        writer.Add(StunAttributeType.Username, name);
        writer.AddIntegrity(key);
        var length = writer.Length;
        AllocationCheck.Zero(() =>
        {
            _ = StunMessage.TryRead(_buffer.AsSpan(0, length), out var message, out _);
            _ = message.TryGetUsername(out var username);
            if (!TimedName.TryRead(username, out _) || !secrets.TryVerify(message, PasswordAlgorithm.Sha256, username, "realm"u8, out _))
                throw new InvalidOperationException("not verified");
        });
    }

    [Fact]
    public void Writing_a_message_allocates_nothing()
    {
        var length = 0;
        AllocationCheck.Zero(() => length = Write(_buffer));
        Assert.NotEqual(0, length);
    }

    private static byte[] Message()
    {
        var buffer = new byte[512];
        return buffer[..Write(buffer)];
    }

    private static int Write(Span<byte> buffer)
    {
        var writer = new StunWriter(buffer, StunMethod.Allocate, StunClass.Request, default);
        writer.Add(StunAttributeType.Username, "gateway"u8);
        writer.AddAddress(StunAttributeType.XorPeerAddress, TransportAddress.V6(1, 2));
        writer.AddLifetime(600);
        writer.AddIntegrity(Key);
        writer.AddIntegritySha256(Key);
        writer.AddFingerprint();
        return writer.Length;
    }
}
