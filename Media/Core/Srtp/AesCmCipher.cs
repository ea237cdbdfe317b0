using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace MediaRelay.Media.Srtp;

/// <summary>AES in counter mode with HMAC-SHA1 (RFC 3711 sections 4.1.1 and 4.2).</summary>
internal sealed class AesCmCipher : SrtpCipher
{
    private const int ChunkBlocks = 96;
    private const int RtcpTagLength = 10;

    private readonly int _rtpTagLength;
    private readonly CounterStream _rtp, _rtcp;
    private readonly IncrementalHash _rtpHash, _rtcpHash;

    /// <summary>Takes master key and salt.</summary>
    public AesCmCipher(ReadOnlySpan<byte> key, ReadOnlySpan<byte> salt, int rtpTagLength)
    {
        _rtpTagLength = rtpTagLength;
        _rtp = new CounterStream(KeyDerivation.Derive(key, salt, KeyDerivation.RtpEncryption, key.Length), KeyDerivation.Derive(key, salt, KeyDerivation.RtpSalt, 14));
        _rtcp = new CounterStream(KeyDerivation.Derive(key, salt, KeyDerivation.RtcpEncryption, key.Length), KeyDerivation.Derive(key, salt, KeyDerivation.RtcpSalt, 14));
        _rtpHash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA1, KeyDerivation.Derive(key, salt, KeyDerivation.RtpAuthentication, 20));
        _rtcpHash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA1, KeyDerivation.Derive(key, salt, KeyDerivation.RtcpAuthentication, 20));
    }

    public override int RtpOverhead => _rtpTagLength;

    public override int RtcpOverhead => RtcpTagLength + 4;

    public override void ProtectRtp(Span<byte> packet, int headerLength, int length, uint ssrc, long index)
    {
        _rtp.Apply(packet[headerLength..length], ssrc, index);
        Span<byte> tag = stackalloc byte[20];
        RtpTag(packet[..length], (uint)(index >> 16), tag);
        tag[.._rtpTagLength].CopyTo(packet[length..]);
    }

    public override bool TryUnprotectRtp(Span<byte> packet, int headerLength, uint ssrc, long index)
    {
        var length = packet.Length - _rtpTagLength;
        Span<byte> tag = stackalloc byte[20];
        RtpTag(packet[..length], (uint)(index >> 16), tag);
        if (!CryptographicOperations.FixedTimeEquals(tag[.._rtpTagLength], packet[length..])) return false;
        _rtp.Apply(packet[headerLength..length], ssrc, index);
        return true;
    }

    public override void ProtectRtcp(Span<byte> packet, int length, uint ssrc, uint indexWord)
    {
        if ((indexWord & EncryptedFlag) != 0) _rtcp.Apply(packet[8..length], ssrc, indexWord & ~EncryptedFlag);
        BinaryPrimitives.WriteUInt32BigEndian(packet[length..], indexWord);
        Span<byte> tag = stackalloc byte[20];
        RtcpTag(packet[..(length + 4)], tag);
        tag[..RtcpTagLength].CopyTo(packet[(length + 4)..]);
    }

    public override bool TryUnprotectRtcp(Span<byte> packet, uint ssrc, uint indexWord)
    {
        var length = packet.Length - RtcpTagLength;
        Span<byte> tag = stackalloc byte[20];
        RtcpTag(packet[..length], tag);
        if (!CryptographicOperations.FixedTimeEquals(tag[..RtcpTagLength], packet[length..])) return false;
        if ((indexWord & EncryptedFlag) != 0) _rtcp.Apply(packet[8..(length - 4)], ssrc, indexWord & ~EncryptedFlag);
        return true;
    }

    public override uint ReadIndexWord(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadUInt32BigEndian(packet[^(RtcpTagLength + 4)..]);

    public override void Dispose()
    {
        _rtp.Dispose();
        _rtcp.Dispose();
        _rtpHash.Dispose();
        _rtcpHash.Dispose();
    }

    private void RtpTag(ReadOnlySpan<byte> packet, uint rollover, Span<byte> tag)
    {
        Span<byte> word = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(word, rollover);
        _rtpHash.AppendData(packet);
        _rtpHash.AppendData(word);
        _rtpHash.GetHashAndReset(tag);
    }

    private void RtcpTag(ReadOnlySpan<byte> packet, Span<byte> tag)
    {
        _rtcpHash.AppendData(packet);
        _rtcpHash.GetHashAndReset(tag);
    }

    /// <summary>The key stream: many counter blocks go through one AES call.</summary>
    internal sealed class CounterStream : IDisposable
    {
        private readonly Aes _aes = Aes.Create();
        private readonly ICryptoTransform _encryptor;
        private readonly byte[] _salt;
        private readonly byte[] _counters = new byte[ChunkBlocks * 16];
        private readonly byte[] _stream = new byte[ChunkBlocks * 16];

        public CounterStream(byte[] key, byte[] salt)
        {
            _salt = salt;
            _aes.Key = key;
            // The system's cipher runs in ECB mode over counter blocks; the counter mode itself is the XOR below.
#pragma warning disable CA5358 // ECB over unique counters is counter mode.
            _aes.Mode = CipherMode.ECB;
#pragma warning restore CA5358
            _aes.Padding = PaddingMode.None;
            _encryptor = _aes.CreateEncryptor();
        }

        public void Apply(Span<byte> text, uint ssrc, long index)
        {
            Span<byte> iv = stackalloc byte[16];
            iv.Clear();
            _salt.CopyTo(iv);
            BinaryPrimitives.WriteUInt32BigEndian(iv[4..], BinaryPrimitives.ReadUInt32BigEndian(iv[4..]) ^ ssrc);
            BinaryPrimitives.WriteUInt64BigEndian(iv[6..], BinaryPrimitives.ReadUInt64BigEndian(iv[6..]) ^ (ulong)index);
            var high = BinaryPrimitives.ReadUInt64LittleEndian(iv);
            var low = BinaryPrimitives.ReadUInt64BigEndian(iv[8..]);
            ushort block = 0;
            while (!text.IsEmpty)
            {
                var blocks = Math.Min((text.Length + 15) >> 4, ChunkBlocks);
                var counters = MemoryMarshal.Cast<byte, ulong>(_counters.AsSpan(0, blocks * 16));
                for (var i = 0; i < counters.Length; i += 2)
                {
                    counters[i] = high;
                    counters[i + 1] = BinaryPrimitives.ReverseEndianness(low | block++);
                }
                _encryptor.TransformBlock(_counters, 0, blocks * 16, _stream, 0);
                var part = Math.Min(text.Length, blocks * 16);
                Xor(text[..part], _stream);
                text = text[part..];
            }
        }

        private static void Xor(Span<byte> text, ReadOnlySpan<byte> stream)
        {
            var wide = MemoryMarshal.Cast<byte, Vector<byte>>(text);
            var mask = MemoryMarshal.Cast<byte, Vector<byte>>(stream[..text.Length]);
            for (var i = 0; i < wide.Length; i++) wide[i] ^= mask[i];
            for (var i = wide.Length * Vector<byte>.Count; i < text.Length; i++) text[i] ^= stream[i];
        }

        public void Dispose()
        {
            _encryptor.Dispose();
            _aes.Dispose();
            CryptographicOperations.ZeroMemory(_stream);
            CryptographicOperations.ZeroMemory(_salt);
        }
    }
}
