using System.Text.Json;
using MediaRelay.Media.Srtp;
using MediaRelay.Tests.Support;

namespace MediaRelay.Media.Tests.Srtp;

public sealed class SrtpVectorTests
{
    [Fact]
    public void Key_derivation_gives_the_published_session_keys()
    {
        var row = VectorFile.Json("srtp_rfc3711.json").GetProperty("key_derivation");
        var (key, salt) = (row.HexProperty("master_key"), row.HexProperty("master_salt"));
        Assert.Equal(row.HexProperty("session_key"), KeyDerivation.Derive(key, salt, KeyDerivation.RtpEncryption, 16));
        Assert.Equal(row.HexProperty("session_salt"), KeyDerivation.Derive(key, salt, KeyDerivation.RtpSalt, 14));
        Assert.Equal(row.HexProperty("auth_key_94"), KeyDerivation.Derive(key, salt, KeyDerivation.RtpAuthentication, 94));
        Assert.Equal(row.HexProperty("srtcp_session_key"), KeyDerivation.Derive(key, salt, KeyDerivation.RtcpEncryption, 16));
        Assert.Equal(row.HexProperty("srtcp_auth_key_20"), KeyDerivation.Derive(key, salt, KeyDerivation.RtcpAuthentication, 20));
        Assert.Equal(row.HexProperty("srtcp_session_salt"), KeyDerivation.Derive(key, salt, KeyDerivation.RtcpSalt, 14));
    }

    [Fact]
    public void The_key_stream_of_a_million_octets_is_the_published_one()
    {
        var row = VectorFile.Json("srtp_rfc3711.json").GetProperty("aes_cm");
        var stream = new byte[row.GetProperty("keystream_octets").GetInt32()];
        using var cipher = new AesCmCipher.CounterStream(row.HexProperty("session_key"), row.HexProperty("session_salt_shifted")[..14]);
        cipher.Apply(stream, 0, 0);
        Assert.Equal(row.HexProperty("keystream_sha256"), System.Security.Cryptography.SHA256.HashData(stream));
    }

    public static TheoryData<string> Packets() => [.. VectorFile.Rows("srtp_rfc3711.json", "packets").Where(r => !r.TextProperty("id").StartsWith("aes256", StringComparison.Ordinal)).Select(r => r.TextProperty("id"))];

    [Theory, MemberData(nameof(Packets))]
    public void An_RTP_packet_comes_out_as_published_and_back(string id)
    {
        var row = VectorFile.Rows("srtp_rfc3711.json", "packets").First(r => r.TextProperty("id") == id);
        var (plain, cipher) = (row.HexProperty("rtp"), row.HexProperty("srtp"));
        var ssrc = BitConverter.ToUInt32([.. plain.AsSpan(8, 4).ToArray().Reverse()]);
        var index = ((long)row.GetProperty("roc").GetInt32() << 16 | (uint)(plain[2] << 8 | plain[3])) - 1;
        using var sender = new SrtpContext(Key(row));
        using var receiver = new SrtpContext(Key(row));
        sender.SeedRtp(ssrc, index);
        receiver.SeedRtp(ssrc, index);
        var buffer = new byte[plain.Length + 20];
        plain.CopyTo(buffer, 0);
        Assert.Equal(SrtpStatus.Ok, sender.ProtectRtp(buffer, plain.Length, out var written));
        Assert.Equal(Convert.ToHexString(cipher), Convert.ToHexString(buffer, 0, written));
        Assert.Equal(SrtpStatus.Ok, receiver.UnprotectRtp(buffer.AsSpan(0, written), out var length));
        Assert.Equal(Convert.ToHexString(plain), Convert.ToHexString(buffer, 0, length));
    }

    public static TheoryData<string> RtcpPackets() => [.. VectorFile.Rows("srtp_rfc3711.json", "rtcp_packets").Select(r => r.TextProperty("id"))];

    [Theory, MemberData(nameof(RtcpPackets))]
    public void An_RTCP_packet_comes_out_as_published_and_back(string id)
    {
        var row = VectorFile.Rows("srtp_rfc3711.json", "rtcp_packets").First(r => r.TextProperty("id") == id);
        var (plain, cipher) = (row.HexProperty("rtcp"), row.HexProperty("srtcp"));
        var ssrc = BitConverter.ToUInt32([.. plain.AsSpan(4, 4).ToArray().Reverse()]);
        using var receiver = new SrtpContext(Key(row));
        var buffer = (byte[])cipher.Clone();
        Assert.Equal(SrtpStatus.Ok, receiver.UnprotectRtcp(buffer, out var length));
        Assert.Equal(Convert.ToHexString(plain), Convert.ToHexString(buffer, 0, length));
        if (id.EndsWith("unencrypted", StringComparison.Ordinal)) return;
        using var sender = new SrtpContext(Key(row));
        sender.SeedRtcp(ssrc, row.GetProperty("index").GetInt64() - 1);
        var room = new byte[plain.Length + 20];
        plain.CopyTo(room, 0);
        Assert.Equal(SrtpStatus.Ok, sender.ProtectRtcp(room, plain.Length, out var written));
        Assert.Equal(Convert.ToHexString(cipher), Convert.ToHexString(room, 0, written));
    }

    [Theory]
    [InlineData("aes128-enc")]
    [InlineData("aes256-enc")]
    public void A_GCM_RTP_packet_comes_out_as_published_and_back(string id)
    {
        var row = VectorFile.Rows("srtp_rfc7714.json", "rtp").First(r => r.TextProperty("id") == id);
        var (plain, cipher) = (row.HexProperty("rtp"), row.HexProperty("srtp"));
        using var sender = new SrtpContext(AesGcmCipher.FromSession(row.HexProperty("key"), row.HexProperty("salt")));
        using var receiver = new SrtpContext(AesGcmCipher.FromSession(row.HexProperty("key"), row.HexProperty("salt")));
        var buffer = new byte[plain.Length + 16];
        plain.CopyTo(buffer, 0);
        Assert.Equal(SrtpStatus.Ok, sender.ProtectRtp(buffer, plain.Length, out var written));
        Assert.Equal(Convert.ToHexString(cipher), Convert.ToHexString(buffer, 0, written));
        Assert.Equal(SrtpStatus.Ok, receiver.UnprotectRtp(buffer, out var length));
        Assert.Equal(Convert.ToHexString(plain), Convert.ToHexString(buffer, 0, length));
    }

    [Theory]
    [InlineData("rtcp-aes128-enc")]
    [InlineData("rtcp-aes256-enc")]
    [InlineData("rtcp-aes128-tag")]
    [InlineData("rtcp-aes256-tag")]
    public void A_GCM_RTCP_packet_comes_out_as_published_and_back(string id)
    {
        var row = VectorFile.Rows("srtp_rfc7714.json", "rtcp").First(r => r.TextProperty("id") == id);
        var (plain, cipher) = (row.HexProperty("rtcp"), row.HexProperty("srtcp"));
        using var gcm = AesGcmCipher.FromSession(row.HexProperty("key"), row.HexProperty("salt"));
        using var receiver = new SrtpContext(gcm);
        var word = (uint)row.GetProperty("index").GetInt32() | (row.GetProperty("encrypted").GetBoolean() ? SrtpCipher.EncryptedFlag : 0);
        var buffer = new byte[plain.Length + 20];
        plain.CopyTo(buffer, 0);
        gcm.ProtectRtcp(buffer, plain.Length, 0x4d617273, word);
        Assert.Equal(Convert.ToHexString(cipher), Convert.ToHexString(buffer));
        Assert.Equal(SrtpStatus.Ok, receiver.UnprotectRtcp(buffer, out var length));
        Assert.Equal(Convert.ToHexString(plain), Convert.ToHexString(buffer, 0, length));
    }

    [Fact]
    public void The_rollover_counter_is_guessed_as_in_appendix_A()
    {
        foreach (var row in VectorFile.Json("srtp_rfc3711.json").GetProperty("index_estimation").GetProperty("cases").EnumerateArray())
            Assert.Equal(row.GetProperty("guessed_roc").GetInt64(),
                PacketIndex.GuessRollover((ushort)row.GetProperty("seq").GetInt32(), (ushort)row.GetProperty("highest").GetInt32(), row.GetProperty("roc").GetInt64()));
    }

    private static SrtpKey Key(JsonElement row) => new(
        row.TextProperty("suite").EndsWith("_32", StringComparison.Ordinal) ? SrtpProfile.Aes128CmSha1Tag32 : SrtpProfile.Aes128CmSha1Tag80,
        row.HexProperty("master_key"), row.HexProperty("master_salt"));
}
