using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace MediaRelay.Signaling.Access;

/// <summary>Time-based one-time codes of a second factor (RFC 6238): SHA-1, 30 s steps, six digits, as every authenticator app speaks it.</summary>
public static class Totp
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// <summary>The step that a time lies in.</summary>
    public static long Step(DateTimeOffset utcNow) => utcNow.ToUnixTimeSeconds() / 30;

    /// <summary>The code of a step.</summary>
    public static string Code(ReadOnlySpan<byte> secret, long step)
    {
        Span<byte> message = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(message, step);
        Span<byte> mac = stackalloc byte[20];
        HMACSHA1.HashData(secret, message, mac);
        var number = BinaryPrimitives.ReadUInt32BigEndian(mac[(mac[19] & 15)..]) & 0x7FFF_FFFF;
        return (number % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Checks a code against the current step and one to each side (clocks differ). Returns the step that matched, to be remembered so that
    /// no code works twice, or null. <paramref name="lastStep"/> and all before it are refused.
    /// </summary>
    public static long? Verify(ReadOnlySpan<byte> secret, string code, DateTimeOffset utcNow, long lastStep)
    {
        long? found = null;
        if (code.Length != 6)
        {
            return null;
        }

        var given = System.Text.Encoding.ASCII.GetBytes(code);
        for (var step = Step(utcNow) - 1; step <= Step(utcNow) + 1; step++)
        {
            var isEqual = CryptographicOperations.FixedTimeEquals(given, System.Text.Encoding.ASCII.GetBytes(Code(secret, step)));
            if (isEqual && step > lastStep)
            {
                found = step;
            }
        }

        return found;
    }

    /// <summary>The secret as authenticator apps take it (RFC 4648 base 32 without padding).</summary>
    public static string Text(ReadOnlySpan<byte> secret)
    {
        var text = new System.Text.StringBuilder((secret.Length * 8 / 5) + 1);
        int bits = 0, value = 0;
        foreach (var b in secret)
        {
            value = (value << 8) | b;
            bits += 8;
            while (bits >= 5)
            {
                text.Append(Alphabet[(value >> (bits - 5)) & 31]);
                bits -= 5;
            }

            value &= (1 << bits) - 1;
        }

        return bits > 0 ? text.Append(Alphabet[(value << (5 - bits)) & 31]).ToString() : text.ToString();
    }
}
