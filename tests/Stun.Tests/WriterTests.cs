using FsCheck;
using FsCheck.Fluent;
using MediaRelay.Tests.Support;

namespace MediaRelay.Stun.Tests;

public class WriterTests
{
    private static readonly byte[] Key = [1, 2, 3, 4, 5, 6, 7, 8];

    [Fact]
    public void Every_method_and_class_comes_back() =>
        Prop.ForAll<ushort, byte>((method, @class) =>
        {
            var m = (StunMethod)(method & 0xFFF);
            var c = (StunClass)(@class & 3);
            var writer = new StunWriter(new byte[20], m, c, default);
            return StunMessage.TryRead(writer.Written, out var message, out _) && message.Method == m && message.Class == c;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_list_of_attributes_comes_back_in_order_with_integrity_and_fingerprint() =>
        Prop.ForAll<(ushort, byte[])[]>(list =>
        {
            var attributes = list.Take(60).Where(a => !IsSpecial((StunAttributeType)a.Item1)).ToArray();
            var writer = new StunWriter(new byte[32768], StunMethod.Refresh, StunClass.Request, TransactionId.New(new CountingRandom()));
            foreach (var (type, value) in attributes)
                writer.Add((StunAttributeType)type, value);
            writer.AddIntegrity(Key);
            writer.AddIntegritySha256(Key);
            writer.AddFingerprint();
            if (!StunMessage.TryRead(writer.Written, out var message, out _) || !MessageIntegrity.Verify(message, Key)
                || !MessageIntegrity.VerifySha256(message, Key) || !Fingerprint.Verify(message))
                return false;
            var i = 0;
            foreach (var attribute in message)
            {
                if (attribute.Type != (StunAttributeType)attributes[i].Item1 || !attribute.Value.SequenceEqual(attributes[i].Item2))
                    return false;
                i++;
            }

            return i == attributes.Length;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Xored_addresses_come_back_for_any_transaction_id() =>
        Prop.ForAll<byte[], ushort, bool>((seed, port, v6) =>
        {
            var bytes = new byte[v6 ? 16 : 4];
            seed.AsSpan(0, Math.Min(seed.Length, bytes.Length)).CopyTo(bytes);
            var address = TransportAddress.FromBytes(bytes, port);
            var id = TransactionId.New(new CountingRandom(port));
            var writer = new StunWriter(new byte[128], StunMethod.Send, StunClass.Indication, id);
            writer.AddAddress(StunAttributeType.XorPeerAddress, address);
            writer.AddAddress(StunAttributeType.AlternateServer, address);
            return StunMessage.TryRead(writer.Written, out var message, out _) && message.TransactionId == id
                && message.TryGetAddress(StunAttributeType.XorPeerAddress, out var xored) && xored == address
                && message.TryGetAddress(StunAttributeType.AlternateServer, out var plain) && plain == address;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_thousand_ids_of_one_source_differ_and_draw_few_times()
    {
        var random = new CountingRandom();
        var source = new TransactionIdSource(random);
        Assert.Equal(1000, Enumerable.Range(0, 1000).Select(_ => source.Next()).Distinct().Count());
        Assert.Equal(16, random.Calls);
    }

    [Fact]
    public void Typed_attributes_come_back()
    {
        var writer = new StunWriter(new byte[512], StunMethod.Allocate, StunClass.Error, default);
        writer.AddErrorCode(StunErrorCode.StaleNonce, "Stale Nonce"u8);
        writer.AddAddressError(IpFamily.V6, StunErrorCode.AddressFamilyNotSupported);
        writer.AddUnknownAttributes([StunAttributeType.DontFragment, (StunAttributeType)0x7FFE]);
        writer.AddLifetime(600);
        writer.AddChannelNumber(0x4001);
        writer.AddRequestedTransport(17);
        writer.AddFamily(StunAttributeType.RequestedAddressFamily, IpFamily.V6);
        writer.AddEvenPort(reserveNext: true);
        writer.AddUInt64(StunAttributeType.ReservationToken, 0x0123456789ABCDEF);
        writer.AddChangeRequest(changeIp: true, changePort: false);
        writer.AddIcmp(new IcmpError(127, 511, 1280));
        writer.AddPasswordAlgorithm(PasswordAlgorithm.Sha256);
        writer.AddPasswordAlgorithms([PasswordAlgorithm.Sha256, PasswordAlgorithm.Md5]);
        writer.AddText(StunAttributeType.Realm, "r\u00E9");

        Assert.True(StunMessage.TryRead(writer.Written, out var message, out _));
        Assert.True(message.TryGetErrorCode(out var code, out var reason));
        Assert.Equal((StunErrorCode.StaleNonce, 11), (code, reason.Length));
        Assert.True(message.TryGetAddressError(out var family, out code));
        Assert.Equal((IpFamily.V6, StunErrorCode.AddressFamilyNotSupported), (family, code));
        var unknown = new StunAttributeType[4];
        Assert.Equal(2, message.GetUnknownAttributes(unknown));
        Assert.Equal((StunAttributeType)0x7FFE, unknown[1]);
        Assert.True(message.TryGetLifetime(out var lifetime) && lifetime == 600);
        Assert.True(message.TryGetChannelNumber(out var channel) && channel == 0x4001);
        Assert.True(message.TryGetRequestedTransport(out var protocol) && protocol == 17);
        Assert.True(message.TryGetFamily(StunAttributeType.RequestedAddressFamily, out family) && family == IpFamily.V6);
        Assert.True(message.TryGetEvenPort(out var reserve) && reserve);
        Assert.True(message.TryGetReservationToken(out var token) && token == 0x0123456789ABCDEF);
        Assert.True(message.TryGetChangeRequest(out var ip, out var port) && ip && !port);
        Assert.True(message.TryGetIcmp(out var icmp));
        Assert.Equal(new IcmpError(127, 511, 1280), icmp);
        Assert.True(message.TryGetPasswordAlgorithm(out var algorithm) && algorithm == PasswordAlgorithm.Sha256);
        Assert.True(message.TryGetRealm(out var realm) && realm.Length == 3);
    }

    [Fact]
    public void Every_span_that_is_too_small_gives_no_message()
    {
        var needed = Write(new byte[200]);
        Assert.Equal(132, needed);
        for (var size = 0; size < needed; size++)
            Assert.Equal(0, Write(new byte[size]));
    }

    [Fact]
    public void What_follows_the_integrity_is_not_seen()
    {
        var writer = new StunWriter(new byte[200], StunMethod.Allocate, StunClass.Request, default);
        writer.AddLifetime(1);
        writer.AddIntegrity(Key);
        writer.AddChannelNumber(0x4000);
        writer.AddFingerprint();
        Assert.True(StunMessage.TryRead(writer.Written, out var message, out _));
        Assert.True(MessageIntegrity.Verify(message, Key));
        Assert.True(Fingerprint.Verify(message));
        Assert.True(message.Has(StunAttributeType.Lifetime));
        Assert.False(message.Has(StunAttributeType.ChannelNumber));
    }

    [Fact]
    public void Integrity_in_the_wrong_order_does_not_count()
    {
        var writer = new StunWriter(new byte[200], StunMethod.Allocate, StunClass.Request, default);
        writer.AddIntegritySha256(Key);
        writer.AddIntegrity(Key);
        Assert.True(StunMessage.TryRead(writer.Written, out var message, out _));
        Assert.False(message.HasIntegrity);
        Assert.True(MessageIntegrity.VerifySha256(message, Key));
    }

    // RFC 8489 section 9.2.4: which integrity attribute may come with which key.
    [Theory]
    [InlineData(PasswordAlgorithm.Md5, false, true)]
    [InlineData(PasswordAlgorithm.Md5, true, true)]
    [InlineData(PasswordAlgorithm.Sha256, true, true)]
    [InlineData(PasswordAlgorithm.Sha256, false, false)]
    public void A_sha256_key_needs_the_sha256_attribute(PasswordAlgorithm algorithm, bool sha256Attribute, bool accepted)
    {
        var key = LongTermKey.Derive(algorithm, "user", "realm", "password");
        var writer = new StunWriter(new byte[200], StunMethod.Allocate, StunClass.Request, default);
        writer.AddLifetime(1);
        if (sha256Attribute)
            writer.AddIntegritySha256(key.Bytes);
        else
            writer.AddIntegrity(key.Bytes);
        Assert.True(StunMessage.TryRead(writer.Written, out var message, out _));
        Assert.Equal(accepted, MessageIntegrity.Verify(message, key));
    }

    [Fact]
    public void A_weak_attribute_does_not_outweigh_a_wrong_strong_one()
    {
        var key = LongTermKey.Derive(PasswordAlgorithm.Md5, "user", "realm", "password");
        var writer = new StunWriter(new byte[200], StunMethod.Allocate, StunClass.Request, default);
        writer.AddIntegrity(key.Bytes);
        writer.AddIntegritySha256([1, 2, 3]);
        Assert.True(StunMessage.TryRead(writer.Written, out var message, out _));
        Assert.False(MessageIntegrity.Verify(message, key));
    }

    [Fact]
    public void A_message_of_more_than_64_kib_is_not_written()
    {
        var writer = new StunWriter(new byte[70000], StunMethod.Data, StunClass.Indication, default);
        writer.Add(StunAttributeType.Data, new byte[65535]);
        Assert.True(writer.IsOverflowed);
        Assert.Equal(0, writer.Length);
    }

    [Theory]
    [InlineData(64, StunParseError.None)]
    [InlineData(65, StunParseError.TooManyAttributes)]
    public void At_most_64_attributes_are_read(int count, StunParseError expected)
    {
        var writer = new StunWriter(new byte[1024], StunMethod.Binding, StunClass.Request, default);
        for (var i = 0; i < count; i++)
            writer.Add(StunAttributeType.Software, "x"u8);
        Assert.Equal(expected == StunParseError.None, StunMessage.TryRead(writer.Written, out _, out var error));
        Assert.Equal(expected, error);
    }

    [Theory]
    [InlineData(StunAttributeType.Username, 508)]
    [InlineData(StunAttributeType.Realm, 128)]
    [InlineData(StunAttributeType.Nonce, 128)]
    public void Text_above_its_limit_counts_as_absent(StunAttributeType type, int limit)
    {
        Assert.True(Found(limit));
        Assert.False(Found(limit + 1));

        bool Found(int length)
        {
            var writer = new StunWriter(new byte[1024], StunMethod.Binding, StunClass.Request, default);
            writer.Add(type, new byte[length]);
            Assert.True(StunMessage.TryRead(writer.Written, out var message, out _));
            return type switch
            {
                StunAttributeType.Username => message.TryGetUsername(out _),
                StunAttributeType.Realm => message.TryGetRealm(out _),
                _ => message.TryGetNonce(out _),
            };
        }
    }

    [Fact]
    public void Unknown_required_attributes_are_listed_once()
    {
        var writer = new StunWriter(new byte[256], StunMethod.Binding, StunClass.Request, default);
        foreach (var type in new ushort[] { 0x7FFE, 0x0006, 0x7FFE, 0x8055, 0x7FFD })
            writer.Add((StunAttributeType)type, [1]);
        Assert.True(StunMessage.TryRead(writer.Written, out var message, out _));
        var unknown = new StunAttributeType[8];
        Assert.Equal(2, message.FindUnknownRequired([StunAttributeType.Username], unknown));
        Assert.Equal([(StunAttributeType)0x7FFE, (StunAttributeType)0x7FFD], unknown[..2]);
    }

    private static int Write(Span<byte> buffer)
    {
        var writer = new StunWriter(buffer, StunMethod.Allocate, StunClass.Request, default);
        writer.AddText(StunAttributeType.Username, "gateway");
        writer.AddAddress(StunAttributeType.XorPeerAddress, TransportAddress.V6(1, 2));
        writer.AddErrorCode(StunErrorCode.BadRequest);
        writer.AddIntegrity(Key);
        writer.AddIntegritySha256(Key);
        writer.AddFingerprint();
        return writer.TryFinish(out var length) ? length : 0;
    }

    private static bool IsSpecial(StunAttributeType type) =>
        type is StunAttributeType.MessageIntegrity or StunAttributeType.MessageIntegritySha256 or StunAttributeType.Fingerprint;
}
