using System.Security.Cryptography;

namespace MediaRelay.Signaling.IO.Authority;

/// <summary>Encrypts secrets at rest with AES-256-GCM; the key is a file outside the database, readable by its owner only. Any thread may use it.</summary>
public sealed class SecretBox : IDisposable
{
    private const int NonceLength = 12;
    private const int TagLength = 16;

    // A cipher holds the state of one operation: two threads in it would mix their nonces.
    private readonly Lock _lock = new();
    private readonly AesGcm _cipher;

    private SecretBox(byte[] key) => _cipher = new AesGcm(key, TagLength);

    /// <summary>Opens the key file; makes a new key when there is none.</summary>
    /// <exception cref="InvalidDataException">The file does not hold a key.</exception>
    public static SecretBox Open(string path)
    {
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            PrivateFile.Write(path, RandomNumberGenerator.GetBytes(32));
        }

        byte[] key = File.ReadAllBytes(path);
        if (key.Length != 32)
            throw new InvalidDataException($"{path} does not hold a key of 32 octets. Restore it from the backup; without it stored digest secrets are lost.");
        var box = new SecretBox(key);
        CryptographicOperations.ZeroMemory(key);
        return box;
    }

    /// <summary>Encrypts; the label must be given again to decrypt, so that a secret cannot be moved to another row.</summary>
    public byte[] Seal(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label)
    {
        byte[] box = new byte[NonceLength + secret.Length + TagLength];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceLength));
        lock (_lock)
            _cipher.Encrypt(box.AsSpan(0, NonceLength), secret, box.AsSpan(NonceLength, secret.Length), box.AsSpan(NonceLength + secret.Length), label);
        return box;
    }

    /// <summary>Decrypts; null when the box, the key or the label is not the one it was sealed with.</summary>
    public byte[]? Unseal(ReadOnlySpan<byte> box, ReadOnlySpan<byte> label)
    {
        if (box.Length < NonceLength + TagLength)
            return null;
        byte[] secret = new byte[box.Length - NonceLength - TagLength];
        try
        {
            lock (_lock)
                _cipher.Decrypt(box[..NonceLength], box[NonceLength..^TagLength], box[^TagLength..], secret, label);
            return secret;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    public void Dispose() => _cipher.Dispose();
}
