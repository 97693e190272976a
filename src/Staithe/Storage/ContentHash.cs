using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Staithe.Oci;

namespace Staithe.Storage;

/// <summary>
/// The hash of an upload while it comes in. Its state can be written down between two requests and taken up again, perhaps by another
/// process; where that cannot be done (a libcrypto without these calls, another platform), the state is null and the bytes are read again.
/// The written form is the same for every build: the chaining words and the count of bytes, big-endian, then one block of pending bytes,
/// zero behind them. 104 bytes for sha256, 208 for sha512.
/// </summary>
internal abstract class ContentHash : IDisposable
{
    const int ReadBytes = 256 * 1024;

    static readonly Lazy<bool> LibcryptoWorks = new(TestLibcrypto);

    /// <summary>The bytes hashed so far.</summary>
    public long Length { get; private set; }

    public static ContentHash Create(DigestAlgorithm algorithm) => !LibcryptoWorks.Value
        ? new PlatformHash(algorithm)
        : new LibcryptoHash(algorithm);

    /// <summary>Takes up a state that <see cref="Export"/> wrote; null when it cannot, and the bytes have to be read again.</summary>
    public static ContentHash? Import(DigestAlgorithm algorithm, byte[]? state, long length)
    {
        if (state is null || !LibcryptoWorks.Value)
            return null;
        var hash = new LibcryptoHash(algorithm);
        if (hash.TryRestore(state) && hash.Length == length)
            return hash;
        hash.Dispose();
        return null;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        Update(bytes);
        Length += bytes.Length;
    }

    /// <summary>Continues through a blob, from the place that this hash has reached to the blob's end.</summary>
    public async Task AppendRestAsync(OpenBlob blob, CancellationToken cancel)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
        try
        {
            int read;
            do
            {
                read = await blob.ReadAsync(buffer, Length, cancel);
                Append(buffer.AsSpan(0, read));
            }
            while (read > 0);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The state as bytes, or null.</summary>
    public abstract byte[]? Export();

    /// <summary>The digest of all bytes; nothing may be appended after.</summary>
    public abstract Digest Finish();

    public abstract void Dispose();

    protected abstract void Update(ReadOnlySpan<byte> bytes);

    protected virtual bool TryRestore(byte[] state) => false;

    // These calls are deprecated since OpenSSL 3.0: trust them only as far as they agree with the platform, across a hand-over too.
    static bool TestLibcrypto()
    {
        try
        {
            var content = new byte[1000];
            for (var i = 0; i < content.Length; i++)
                content[i] = (byte)(i * 7);
            foreach (var algorithm in new[] { DigestAlgorithm.Sha256, DigestAlgorithm.Sha512 })
            {
                using var first = new LibcryptoHash(algorithm);
                first.Append(content.AsSpan(0, 333));
                using var second = new LibcryptoHash(algorithm);
                if (!second.TryRestore(first.Export()!))
                    return false;
                second.Append(content.AsSpan(333));
                if (second.Finish() != algorithm.Digest(content))
                    return false;
            }
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            return false;
        }
    }

    sealed class PlatformHash(DigestAlgorithm algorithm) : ContentHash
    {
        readonly IncrementalHash hash = IncrementalHash.CreateHash(algorithm.HashName);

        public override byte[]? Export() => null;

        public override Digest Finish() => Digest.FromHash(algorithm, hash.GetHashAndReset());

        public override void Dispose() => hash.Dispose();

        protected override void Update(ReadOnlySpan<byte> bytes) => hash.AppendData(bytes);
    }

    /// <summary>
    /// SHA-2 by libcrypto. The contexts of the two algorithms have one shape, with words of 4 or of 8 bytes: eight chaining words, a count
    /// of
    /// bits in two words, a block of sixteen words. The written form has the same, with the count in bytes.
    /// </summary>
    sealed unsafe class LibcryptoHash : ContentHash
    {
        const int ChainingWords = 8;
        const int HeadWords = ChainingWords + 2;
        const int BlockWords = 16;
        const int StateWords = HeadWords + BlockWords;

        readonly DigestAlgorithm algorithm;
        readonly int word;
        byte* context;

        public LibcryptoHash(DigestAlgorithm algorithm)
        {
            this.algorithm = algorithm;
            word = algorithm == DigestAlgorithm.Sha256 ? sizeof(uint) : sizeof(ulong);
            context = (byte*)NativeMemory.AllocZeroed((nuint)((StateWords * word) + Libcrypto.TailBytes));
            Libcrypto.Check(Is256 ? Libcrypto.SHA256_Init(context) : Libcrypto.SHA512_Init(context));
        }

        ~LibcryptoHash() => NativeMemory.Free(context);

        bool Is256 => word == sizeof(uint);

        int PendingBytes => (int)(Length % (BlockWords * word));

        public override byte[] Export()
        {
            var state = new byte[StateWords * word];
            for (var i = 0; i < ChainingWords; i++)
            {
                if (Is256)
                    BinaryPrimitives.WriteUInt32BigEndian(state.AsSpan(i * word), ((uint*)context)[i]);
                else
                    BinaryPrimitives.WriteUInt64BigEndian(state.AsSpan(i * word), ((ulong*)context)[i]);
            }
            BinaryPrimitives.WriteInt64BigEndian(state.AsSpan((HeadWords * word) - sizeof(long)), Length);
            new ReadOnlySpan<byte>(context + (HeadWords * word), PendingBytes).CopyTo(state.AsSpan(HeadWords * word));
            return state;
        }

        public override Digest Finish()
        {
            Span<byte> hash = stackalloc byte[ChainingWords * word];
            fixed (byte* target = hash)
                Libcrypto.Check(Is256 ? Libcrypto.SHA256_Final(target, context) : Libcrypto.SHA512_Final(target, context));
            return Digest.FromHash(algorithm, hash);
        }

        public override void Dispose()
        {
            NativeMemory.Free(context);
            context = null;
            GC.SuppressFinalize(this);
        }

        protected override void Update(ReadOnlySpan<byte> bytes)
        {
            var length = (nuint)bytes.Length;
            fixed (byte* source = bytes)
            {
                Libcrypto.Check(Is256
                    ? Libcrypto.SHA256_Update(context, source, length)
                    : Libcrypto.SHA512_Update(context, source, length));
            }
        }

        protected override bool TryRestore(byte[] state)
        {
            if (state.Length != StateWords * word)
                return false;
            Length = BinaryPrimitives.ReadInt64BigEndian(state.AsSpan((HeadWords * word) - sizeof(long)));
            if (Is256)
                RestoreWords((uint*)context, state);
            else
                RestoreWords((ulong*)context, state);
            state.AsSpan(HeadWords * word).CopyTo(new Span<byte>(context + (HeadWords * word), BlockWords * word));
            *(uint*)(context + (StateWords * word)) = (uint)PendingBytes;
            return true;
        }

        void RestoreWords(uint* words, byte[] state)
        {
            for (var i = 0; i < ChainingWords; i++)
                words[i] = BinaryPrimitives.ReadUInt32BigEndian(state.AsSpan(i * word));
            var bits = (ulong)Length * 8;
            (words[ChainingWords], words[ChainingWords + 1]) = ((uint)bits, (uint)(bits >> 32));
        }

        void RestoreWords(ulong* words, byte[] state)
        {
            for (var i = 0; i < ChainingWords; i++)
                words[i] = BinaryPrimitives.ReadUInt64BigEndian(state.AsSpan(i * word));
            (words[ChainingWords], words[ChainingWords + 1]) = ((ulong)Length << 3, (ulong)Length >> 61);
        }
    }
}
